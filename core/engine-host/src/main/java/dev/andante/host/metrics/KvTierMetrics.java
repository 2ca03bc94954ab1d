package dev.andante.host.metrics;

import dev.andante.engine.KvTierObserver;
import dev.andante.engine.kvcache.KvTier;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
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

  private final Meters meters;
  private final Map<KvTier, Tier> tiers = new EnumMap<>(KvTier.class);

  KvTierMetrics(Meters meters) {
    this.meters = meters;
  }

  /** Of one tier. */
  private record Tier(
      Counter hits,
      Counter stored,
      Counter loaded,
      Timer loading,
      Counter dropped,
      Counter damaged,
      AtomicLong used,
      AtomicInteger up) {

    static Tier of(Meters meters) {
      AtomicLong used = new AtomicLong();
      AtomicInteger up = new AtomicInteger(1);
      gauge(meters, "andante_kv_tier_used_bytes", "KV that the tier holds", used);
      gauge(meters, "andante_kv_tier_up", "1 while the tier works, 0 once it failed", up);
      return new Tier(
          meters.counter("andante_kv_tier_hits", "Blocks loaded from the tier"),
          meters.counter("andante_kv_tier_stored_bytes", "KV written to the tier"),
          meters.counter("andante_kv_tier_loaded_bytes", "KV loaded from the tier"),
          Timer.builder("andante_kv_tier_load_seconds")
              .description("Loading the blocks of one sequence")
              .tags(meters.tags())
              .register(meters.registry()),
          meters.counter(
              "andante_kv_tier_dropped", "Blocks lost since the tier could not take them at once"),
          meters.counter(
              "andante_kv_tier_damaged",
              "Blocks that were not what had been written, and so not used"),
          used,
          up);
    }

    private static void gauge(Meters meters, String name, String description, Number value) {
      Gauge.builder(name, value, Number::doubleValue)
          .strongReference(true)
          .description(description)
          .tags(meters.tags())
          .register(meters.registry());
    }
  }

  @Override
  public void onOpen(KvTier tier) {
    Tags tags = meters.tags().and("tier", tier.name().toLowerCase(Locale.ROOT));
    tiers.put(tier, Tier.of(new Meters(meters.registry(), tags)));
  }

  @Override
  public void onStored(KvTier tier, long bytes) {
    of(tier).stored().increment((double) bytes);
  }

  @Override
  public void onLoaded(KvTier tier, int blocks, long bytes, long nanos) {
    Tier now = of(tier);
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

  private Tier of(KvTier tier) {
    Tier found = tiers.get(tier);
    if (found == null) {
      throw new IllegalStateException("the " + tier + " tier was not opened");
    }
    return found;
  }
}
