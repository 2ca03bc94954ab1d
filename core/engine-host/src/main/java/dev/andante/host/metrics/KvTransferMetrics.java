package dev.andante.host.metrics;

import dev.andante.engine.EngineException;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.service.metrics.MetricBuckets;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** KV transfers of one role: how long, how much, and why not. */
public final class KvTransferMetrics implements KvTransferObserver {

  private final MeterRegistry registry;
  private final Tags tags;
  private final Timer seconds;
  private final Counter bytes;
  private final Counter spared;
  private final Counter resumed;
  private final Counter linkFailures;

  public KvTransferMetrics(MeterRegistry registry, String model, String engine) {
    this.registry = registry;
    this.tags = Tags.of("model_name", model, "engine", engine);
    this.seconds =
        Timer.builder("andante_kv_transfer_seconds")
            .description("Wall time of committed KV transfers")
            .tags(tags)
            .serviceLevelObjectives(
                MetricBuckets.durations(
                    .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
            .register(registry);
    this.bytes =
        Counter.builder("andante_kv_transfer_bytes")
            .description("KV bytes of committed transfers, as they were sent")
            .tags(tags)
            .register(registry);
    this.spared =
        Counter.builder("andante_kv_transfer_spared_tokens")
            .description("Tokens whose KV committed transfers left out, since decode had it")
            .tags(tags)
            .register(registry);
    this.resumed =
        Counter.builder("andante_kv_transfer_resumed")
            .description("How often a KV transfer went on after its connection broke")
            .tags(tags)
            .register(registry);
    this.linkFailures =
        Counter.builder("andante_kv_transfer_link_failures")
            .description("Links for KV that could not be had or were lost; it went over gRPC")
            .tags(tags)
            .register(registry);
    // From zero on, so that the first failure is an increase like the next.
    for (EngineException.Code code : EngineException.Code.values()) {
      failures(code.name().toLowerCase(Locale.ROOT));
    }
    for (String reason :
        new String[] {
          KvTransferException.UNAVAILABLE,
          KvTransferException.CANCELLED,
          KvTransferException.PROTOCOL
        }) {
      failures(reason);
    }
  }

  @Override
  public void onCompleted(long nanos, long sent, int sparedTokens) {
    seconds.record(nanos, TimeUnit.NANOSECONDS);
    bytes.increment((double) sent);
    spared.increment(sparedTokens);
  }

  @Override
  public void onResumed() {
    resumed.increment();
  }

  @Override
  public void onLinkFailed() {
    linkFailures.increment();
  }

  @Override
  public void onFailed(String reason) {
    // Failures are rare and their reasons few: looking the counter up costs nothing that matters.
    failures(reason).increment();
  }

  private Counter failures(String reason) {
    return Counter.builder("andante_kv_transfer_failures")
        .description("KV transfers that failed, by reason")
        .tags(tags)
        .tag("reason", reason)
        .register(registry);
  }
}
