package dev.andante.host;

import dev.andante.engine.DraftSource;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.EngineStatus;
import dev.andante.engine.events.KvEventLog;
import dev.andante.host.config.EngineProperties;
import dev.andante.host.engine.EngineHost;
import dev.andante.host.engine.EngineHost.RunningEngineParts;
import dev.andante.host.metrics.CacheConfigInfo;
import dev.andante.host.metrics.EngineMetrics;
import dev.andante.host.metrics.KvTransferMetrics;
import dev.andante.host.model.ModelHost;
import dev.andante.host.model.ProcessExit;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A role's engine with its metrics: what the wiring of prefill and decode have in common. */
public final class HostedEngine {

  private final EngineHost host;
  private final KvTransferMetrics transfers;
  private final KvEventLog kvEvents = new KvEventLog();
  private final String role;
  private final MeterRegistry registry;
  private final CacheConfigInfo cacheConfig;
  private volatile @Nullable EngineMetrics metrics;

  /**
   * @param role the label {@code engine} of its metrics
   * @param drafts asked once, when the engine starts
   */
  public HostedEngine(
      String role,
      ModelHost models,
      EngineProperties properties,
      Supplier<DraftSource> drafts,
      MeterRegistry registry,
      CacheConfigInfo cacheConfig,
      ProcessExit exit) {
    this.role = role;
    this.registry = registry;
    this.cacheConfig = cacheConfig;
    this.transfers = new KvTransferMetrics(registry, models.modelName(), role);
    this.host = new EngineHost(role, models, properties, drafts, this::observe, exit);
  }

  public EngineHost host() {
    return host;
  }

  public KvTransferMetrics transferMetrics() {
    return transfers;
  }

  /** What the engine holds of KV, from its start. */
  public KvEventLog kvEvents() {
    return kvEvents;
  }

  /** Called once per delivery of tokens; counts nothing before the engine runs. */
  public void onInterTokenLatency(long nanos) {
    EngineMetrics current = metrics;
    if (current != null) {
      current.onInterTokenLatency(nanos);
    }
  }

  private EngineObserver observe(RunningEngineParts parts) {
    cacheConfig.set(
        parts.model().name(), role, parts.config().blockSize(), parts.config().blocks());
    EngineMetrics made =
        new EngineMetrics(
            registry,
            parts.model().name(),
            role,
            parts.model().model().config().contextLength(),
            parts.config().maxDraftTokens(),
            () ->
                host.current().map(running -> running.engine().status()).orElse(EngineStatus.NONE),
            kvEvents::append);
    metrics = made;
    return made;
  }
}
