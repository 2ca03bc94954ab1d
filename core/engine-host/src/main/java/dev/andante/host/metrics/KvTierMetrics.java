package dev.andante.host.metrics;

import dev.andante.engine.KvTierObserver;
import dev.andante.engine.kvcache.KvTier;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What the tiers below an engine's KV pool do, by tier; there are meters for those that are on. */
final class KvTierMetrics implements KvTierObserver {

  private final MeterRegistry registry;
  private final Tags tags;
  private final Map<KvTier, Meters> meters = new EnumMap<>(KvTier.class);

  KvTierMetrics(MeterRegistry registry, Tags tags) {
    this.registry = registry;
    this.tags = tags;
  }

  /** Of one tier. */
  private record Meters(
      Counter hits,
      Counter stored,
      Counter loaded,
      Timer loading,
      Counter dropped,
      Counter damaged,
      AtomicLong used,
      AtomicInteger up) {

    static Meters of(MeterRegistry registry, Tags tags) {
      AtomicLong used = new AtomicLong();
      AtomicInteger up = new AtomicInteger(1);
      gauge(registry, tags, "andante_kv_tier_used_bytes", "KV that the tier holds", used);
      gauge(registry, tags, "andante_kv_tier_up", "1 while the tier works, 0 once it failed", up);
      return new Meters(
          counter(registry, tags, "andante_kv_tier_hits", "Blocks loaded from the tier"),
          counter(registry, tags, "andante_kv_tier_stored_bytes", "KV written to the tier"),
          counter(registry, tags, "andante_kv_tier_loaded_bytes", "KV loaded from the tier"),
          Timer.builder("andante_kv_tier_load_seconds")
              .description("Loading the blocks of one sequence")
              .tags(tags)
              .register(registry),
          counter(
              registry,
              tags,
              "andante_kv_tier_dropped",
              "Blocks lost since the tier could not take them at once"),
          counter(
              registry,
              tags,
              "andante_kv_tier_damaged",
              "Blocks that were not what had been written, and so not used"),
          used,
          up);
    }

    private static Counter counter(
        MeterRegistry registry, Tags tags, String name, String description) {
      return Counter.builder(name).description(description).tags(tags).register(registry);
    }

    private static void gauge(
        MeterRegistry registry, Tags tags, String name, String description, Number value) {
      Gauge.builder(name, value, Number::doubleValue)
          .strongReference(true)
          .description(description)
          .tags(tags)
          .register(registry);
    }
  }

  @Override
  public void onOpen(KvTier tier) {
    meters.put(tier, Meters.of(registry, tags.and("tier", tier.name().toLowerCase(Locale.ROOT))));
  }

  @Override
  public void onStored(KvTier tier, long bytes) {
    of(tier).stored().increment((double) bytes);
  }

  @Override
  public void onLoaded(KvTier tier, int blocks, long bytes, long nanos) {
    Meters now = of(tier);
    now.hits().increment(blocks);
    now.loaded().increment((double) bytes);
    now.loading().record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void onUsed(KvTier tier, long bytes) {
    of(tier).used().set(bytes);
  }

  @Override
  public void onDropped(KvTier tier) {
    of(tier).dropped().increment();
  }

  @Override
  public void onDamaged(KvTier tier) {
    of(tier).damaged().increment();
  }

  @Override
  public void onFailed(KvTier tier) {
    of(tier).up().set(0);
  }

  private Meters of(KvTier tier) {
    Meters found = meters.get(tier);
    if (found == null) {
      throw new IllegalStateException("the " + tier + " tier was not opened");
    }
    return found;
  }
}
