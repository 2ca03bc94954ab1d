package dev.andante.host.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.TierLimits;
import dev.andante.engine.kvcache.CachedKv;
import dev.andante.engine.kvcache.PrefixCachePolicy;
import dev.andante.engine.qoe.QoePolicy;
import dev.andante.engine.scheduler.PolicySource;
import dev.andante.engine.scheduler.StepTime;
import dev.andante.host.config.ComputeProperties.PrecisionChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

class PropertiesTest {

  private static final KvLayout LAYOUT = new KvLayout(30, 3, 64, 16, DType.BF16);

  @Test
  void defaults() {
    Bound.with(Map.of())
        .run(
            context -> {
              assertThat(context.getBean(ModelProperties.class))
                  .isEqualTo(new ModelProperties("a.gguf", "", 0));
              assertThat(context.getBean(ComputeProperties.class))
                  .isEqualTo(new ComputeProperties("auto", PrecisionChoice.AUTO, 0, ""));
              assertThat(context.getBean(EngineProperties.class))
                  .isEqualTo(
                      new EngineProperties(
                          16,
                          DataSize.ofMegabytes(256),
                          0,
                          "bf16",
                          256,
                          64,
                          256,
                          8,
                          Duration.ofMillis(2),
                          Duration.ofSeconds(30),
                          true,
                          PrefixCachePolicy.LRU,
                          Duration.ofMillis(500),
                          "fcfs",
                          Duration.ZERO,
                          Duration.ofMillis(10),
                          2,
                          1000,
                          Duration.ZERO,
                          16,
                          new EngineProperties.Tiers(
                              DataSize.ofBytes(0), DataSize.ofBytes(0), "")));
            });
  }

  @Test
  void everyKey() {
    Bound.with(
            Map.ofEntries(
                Map.entry("andante.model.path", "b.gguf"),
                Map.entry("andante.model.name", "b"),
                Map.entry("andante.model.context-length", "100"),
                Map.entry("andante.compute.backend", "vector"),
                Map.entry("andante.compute.precision", "exact"),
                Map.entry("andante.compute.threads", "3"),
                Map.entry("andante.compute.probe-folder", "/var/probes"),
                Map.entry("andante.engine.block-size", "32"),
                Map.entry("andante.engine.kv-memory", "1GB"),
                Map.entry("andante.engine.blocks", "7"),
                Map.entry("andante.engine.kv-dtype", "f32"),
                Map.entry("andante.engine.max-batch-tokens", "5"),
                Map.entry("andante.engine.max-sequences", "4"),
                Map.entry("andante.engine.max-waiting", "3"),
                Map.entry("andante.engine.max-draft-tokens", "2"),
                Map.entry("andante.engine.draft-wait", "1ms"),
                Map.entry("andante.engine.lease", "9s"),
                Map.entry("andante.engine.prefix-cache", "true"),
                Map.entry("andante.engine.prefix-cache-policy", "learned"),
                Map.entry("andante.engine.warm-up", "3s"),
                Map.entry("andante.engine.policy", "mlfq"),
                Map.entry("andante.engine.starvation", "4s"),
                Map.entry("andante.engine.mlfq-quantum", "20ms"),
                Map.entry("andante.engine.mlfq-growth", "3"),
                Map.entry("andante.engine.mlfq-period", "500"),
                Map.entry("andante.engine.tbt-target", "50ms"),
                Map.entry("andante.engine.min-chunk", "32"),
                Map.entry("andante.engine.tiers.host-memory", "2GB"),
                Map.entry("andante.engine.tiers.disk-space", "9GB"),
                Map.entry("andante.engine.tiers.disk-folder", "/var/kv")))
        .run(
            context -> {
              assertThat(context.getBean(ModelProperties.class))
                  .isEqualTo(new ModelProperties("b.gguf", "b", 100));
              assertThat(context.getBean(ComputeProperties.class))
                  .isEqualTo(
                      new ComputeProperties("vector", PrecisionChoice.EXACT, 3, "/var/probes"));
              assertThat(context.getBean(EngineProperties.class))
                  .isEqualTo(
                      new EngineProperties(
                          32,
                          DataSize.ofGigabytes(1),
                          7,
                          "f32",
                          5,
                          4,
                          3,
                          2,
                          Duration.ofMillis(1),
                          Duration.ofSeconds(9),
                          true,
                          PrefixCachePolicy.LEARNED,
                          Duration.ofSeconds(3),
                          "mlfq",
                          Duration.ofSeconds(4),
                          Duration.ofMillis(20),
                          3,
                          500,
                          Duration.ofMillis(50),
                          32,
                          new EngineProperties.Tiers(
                              DataSize.ofGigabytes(2), DataSize.ofGigabytes(9), "/var/kv")));
            });
  }

  @Test
  void theQoePolicyComesFromOutsideTheScheduler() {
    Bound.with(Map.of("andante.engine.policy", "qoe"))
        .run(
            context -> {
              EngineProperties properties = context.getBean(EngineProperties.class);
              EngineConfig config = properties.toConfig(LAYOUT);
              assertThat(
                      properties
                          .policies()
                          .create(
                              config, CachedKv.NONE, new StepTime(), () -> 0, EngineObserver.NONE))
                  .isInstanceOf(QoePolicy.class);
            });
    Bound.with(Map.of())
        .run(
            context ->
                assertThat(context.getBean(EngineProperties.class).policies())
                    .isSameAs(PolicySource.CONFIGURED));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"andante.model.pathh", "andante.compute.thread", "andante.engine.block-sise"})
  void anUnknownKeyIsRefused(String key) {
    Bound.with(Map.of(key, "1"))
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .hasMessageContaining(key.substring(key.lastIndexOf('.') + 1)));
  }

  @ParameterizedTest
  @CsvSource({
    "andante.model.path,''",
    "andante.model.context-length,-1",
    "andante.compute.threads,-1",
    "andante.compute.backend,''",
    "andante.engine.block-size,0",
    "andante.engine.kv-dtype,f16",
    "andante.engine.policy,lifo",
    "andante.engine.starvation,-1s",
    "andante.engine.mlfq-quantum,0s",
    "andante.engine.mlfq-growth,1",
    "andante.engine.mlfq-period,0",
    "andante.engine.tbt-target,2m",
    "andante.engine.min-chunk,0",
    "andante.engine.max-batch-tokens,0",
    "andante.engine.max-sequences,0",
    "andante.engine.max-waiting,0",
    "andante.engine.max-draft-tokens,-1",
    "andante.engine.blocks,-1",
    "andante.engine.kv-memory,-1B",
    "andante.engine.kv-memory,100TB",
    "andante.engine.draft-wait,-1ms",
    "andante.engine.draft-wait,2s",
    "andante.engine.lease,0s",
    "andante.engine.lease,2h",
    "andante.engine.prefix-cache,maybe",
    "andante.engine.prefix-cache-policy,fifo",
    "andante.engine.warm-up,-1s",
    "andante.engine.warm-up,6m",
    "andante.engine.tiers.host-memory,-1B",
    "andante.engine.tiers.host-memory,65TB",
    "andante.engine.tiers.disk-space,2000TB",
    "andante.engine.lease,soon"
  })
  void aBadValueIsRefused(String key, String value) {
    Bound.with(Map.of(key, value)).run(context -> assertThat(context).hasFailed());
  }

  @Test
  void memoryBecomesBlocks() {
    Bound.with(Map.of())
        .run(
            context -> {
              EngineConfig config = context.getBean(EngineProperties.class).toConfig(LAYOUT);
              assertThat(config.blocks())
                  .isEqualTo((int) (256L * 1024 * 1024 / LAYOUT.bytesPerBlock()));
              assertThat(config.kvDtype()).isEqualTo(DType.BF16);
              assertThat(config.prefixCachePolicy()).isEqualTo(PrefixCachePolicy.LRU);
            });
  }

  @Test
  void blocksWinOverMemory() {
    Bound.with(Map.of("andante.engine.blocks", "7"))
        .run(
            context ->
                assertThat(context.getBean(EngineProperties.class).toConfig(LAYOUT).blocks())
                    .isEqualTo(7));
  }

  @Test
  void tiersBecomeLimitsOfTheEngine() {
    Bound.with(
            Map.of(
                "andante.engine.tiers.host-memory", "64MB",
                "andante.engine.tiers.disk-space", "1GB",
                "andante.engine.tiers.disk-folder", "kv"))
        .run(
            context ->
                assertThat(context.getBean(EngineProperties.class).toConfig(LAYOUT).tiers())
                    .isEqualTo(new TierLimits(64L << 20, 1L << 30, Optional.of(Path.of("kv")))));
    Bound.with(Map.of())
        .run(
            context ->
                assertThat(context.getBean(EngineProperties.class).toConfig(LAYOUT).tiers())
                    .isEqualTo(TierLimits.NONE));
  }

  @Test
  void tiersThatMakeNoSenseNameTheKey() {
    String host = "andante.engine.tiers.host-memory";
    String disk = "andante.engine.tiers.disk-space";
    refused(Map.of(disk, "1GB", "andante.engine.tiers.disk-folder", "kv"), disk, host);
    refused(Map.of(host, "1GB", disk, "1GB"), "andante.engine.tiers.disk-folder");
    refused(Map.of(host, "1GB", "andante.engine.prefix-cache", "off"), "prefix-cache=on");
    Bound.with(Map.of(host, "64KB"))
        .run(
            context ->
                assertThatThrownBy(() -> context.getBean(EngineProperties.class).toConfig(LAYOUT))
                    .hasMessageContaining(host + " of 65536 bytes holds no block"));
  }

  private static void refused(Map<String, String> values, String... words) {
    Bound.with(values)
        .run(
            context -> assertThat(context).getFailure().rootCause().hasMessageContainingAll(words));
  }

  @Test
  void tooLittleMemoryNamesTheKey() {
    Bound.with(Map.of("andante.engine.kv-memory", "1KB"))
        .run(
            context ->
                assertThatThrownBy(() -> context.getBean(EngineProperties.class).toConfig(LAYOUT))
                    .hasMessageContaining("andante.engine.kv-memory"));
  }
}
