package dev.andante.host.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.EngineStatus;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.KvTierObserver;
import dev.andante.engine.Resumption;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.service.http.OperationsEndpoints;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Dashboards, autoscalers and endpoint pickers know these names: renaming one breaks them. */
class MetricNamesTest {

  private static final GenerationStats STATS =
      new GenerationStats(0, 4, 2, 0, 1_000, 20_000, 300_000);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final AtomicReference<EngineStatus> status =
      new AtomicReference<>(
          new EngineStatus(
              3, 5, 25, 10, 100, 0, 0, new DecodeCoefficients(0.004, 0.0005, 2e-7), 60));
  private final EngineMetrics metrics =
      new EngineMetrics(registry, "m", "decode", 512, 4, status::get, events -> {});

  @Test
  void namesAndTypesAreTheGoldenOnes() throws IOException {
    everything();
    List<String> types =
        scrape().lines().filter(line -> line.startsWith("# TYPE ")).sorted().toList();
    assertThat(String.join("\n", types)).isEqualTo(golden());
  }

  @Test
  void gaugesReadTheStatusOfNow() {
    assertThat(scrape())
        .contains("vllm:num_requests_running{engine=\"decode\",model_name=\"m\"} 3.0")
        .contains("vllm:num_requests_waiting{engine=\"decode\",model_name=\"m\"} 5.0")
        .contains("vllm:kv_cache_usage_perc{engine=\"decode\",model_name=\"m\"} 0.75")
        .contains("andante_engine_step_base_seconds{engine=\"decode\",model_name=\"m\"} 0.004")
        .contains("andante_engine_step_row_seconds{engine=\"decode\",model_name=\"m\"} 5.0E-4")
        .contains("andante_engine_step_pair_seconds{engine=\"decode\",model_name=\"m\"} 2.0E-7");
    status.set(new EngineStatus(0, 0, 100, 40, 100, 0, 0, new DecodeCoefficients(0, 0, 0), 0));
    assertThat(scrape())
        .contains("vllm:num_requests_running{engine=\"decode\",model_name=\"m\"} 0.0")
        .contains("vllm:kv_cache_usage_perc{engine=\"decode\",model_name=\"m\"} 0.0");
  }

  @Test
  void countersCount() {
    metrics.onPromptTokens(10, 20, 30);
    metrics.onPrefixLookup(30, 20);
    metrics.onGeneratedTokens(7);
    metrics.onPreemption();
    metrics.onDraft(4, 2);
    metrics.onFinished(FinishReason.STOP, 12, 7, STATS);
    metrics.onFinished(FinishReason.ABORTED, 12, 1, STATS);
    metrics.onLeaseExpired();
    metrics.onStepCut();
    metrics.onDemotion();
    metrics.onPromotion();
    String labels = "{engine=\"decode\",model_name=\"m\"} ";
    assertThat(scrape())
        .contains("vllm:prompt_tokens_total" + labels + "60.0")
        .contains("vllm:prefix_cache_queries_total" + labels + "30.0")
        .contains("vllm:prefix_cache_hits_total" + labels + "20.0")
        .contains("model_name=\"m\",source=\"local_compute\"} 10.0")
        .contains("model_name=\"m\",source=\"local_cache_hit\"} 20.0")
        .contains("model_name=\"m\",source=\"external_kv_transfer\"} 30.0")
        .contains("vllm:generation_tokens_total" + labels + "7.0")
        .contains("vllm:num_preemptions_total" + labels + "1.0")
        .contains("vllm:spec_decode_num_drafts_total" + labels + "1.0")
        .contains("vllm:spec_decode_num_draft_tokens_total" + labels + "4.0")
        .contains("vllm:spec_decode_num_accepted_tokens_total" + labels + "2.0")
        .contains("model_name=\"m\",position=\"1\"} 1.0")
        .contains("model_name=\"m\",position=\"2\"} 0.0")
        .contains("finished_reason=\"stop\",model_name=\"m\"} 1.0")
        .contains("finished_reason=\"abort\",model_name=\"m\"} 1.0")
        .contains("andante_kv_leases_expired_total" + labels + "1.0")
        .contains("andante_engine_steps_cut_total" + labels + "1.0")
        .contains("andante_engine_demotions_total" + labels + "1.0")
        .contains("andante_engine_promotions_total" + labels + "1.0");
  }

  @Test
  void tiersAreCountedApart() {
    KvTierObserver tiers = metrics.kvTiers();
    tiers.onOpen(KvTier.HOST);
    tiers.onOpen(KvTier.DISK);
    tiers.onStored(KvTier.HOST, 100);
    tiers.onUsed(KvTier.HOST, 100);
    tiers.onLoaded(KvTier.DISK, 3, 300, 20_000_000);
    tiers.onDropped(KvTier.DISK);
    tiers.onDamaged(KvTier.DISK);
    tiers.onFailed(KvTier.DISK);
    metrics.onResumed(Resumption.SWAPPED);
    String host = "{engine=\"decode\",model_name=\"m\",tier=\"host\"} ";
    String disk = "{engine=\"decode\",model_name=\"m\",tier=\"disk\"} ";
    assertThat(scrape())
        .contains("andante_kv_tier_stored_bytes_total" + host + "100.0")
        .contains("andante_kv_tier_used_bytes" + host + "100.0")
        .contains("andante_kv_tier_up" + host + "1.0")
        .contains("andante_kv_tier_hits_total" + disk + "3.0")
        .contains("andante_kv_tier_loaded_bytes_total" + disk + "300.0")
        .contains("andante_kv_tier_load_seconds_sum" + disk + "0.02")
        .contains("andante_kv_tier_dropped_total" + disk + "1.0")
        .contains("andante_kv_tier_damaged_total" + disk + "1.0")
        .contains("andante_kv_tier_up" + disk + "0.0")
        .contains(
            "andante_engine_resumptions_total{engine=\"decode\",how=\"swapped\",model_name=\"m\"} 1.0")
        .contains("how=\"recomputed\",model_name=\"m\"} 0.0");
  }

  @Test
  void histogramsHaveTheExpectedBounds() {
    metrics.onFinished(FinishReason.LENGTH, 12, 31, STATS);
    metrics.onInterTokenLatency(30_000_000);
    String text = scrape();
    assertThat(text)
        .contains(bucket("vllm:time_to_first_token_seconds", "0.02") + "0")
        .contains(bucket("vllm:time_to_first_token_seconds", "0.04") + "1")
        .contains(bucket("vllm:time_to_first_token_seconds", "2560.0") + "1")
        .contains(bucket("vllm:inter_token_latency_seconds", "0.025") + "0")
        .contains(bucket("vllm:inter_token_latency_seconds", "0.05") + "1")
        .contains(bucket("vllm:request_time_per_output_token_seconds", "0.01") + "1")
        .contains(bucket("vllm:e2e_request_latency_seconds", "0.3") + "0")
        .contains(bucket("vllm:e2e_request_latency_seconds", "7680.0") + "1")
        .contains(bucket("vllm:request_generation_tokens", "20.0") + "0")
        .contains(bucket("vllm:request_generation_tokens", "50.0") + "1")
        .contains("vllm:request_decode_time_seconds_count{engine=\"decode\",model_name=\"m\"} 1")
        .contains(
            "vllm:request_inference_time_seconds_sum{engine=\"decode\",model_name=\"m\"} 0.32");
  }

  @Test
  void transfersAreCountedAndTheirFailuresByReason() {
    KvTransferMetrics transfers = new KvTransferMetrics(registry, "m", "decode");
    transfers.onCompleted(20_000_000, 1234, 48);
    transfers.onFailed("saturated");
    transfers.onFailed("saturated");
    transfers.onFailed("bad_frame");
    transfers.onResumed();
    transfers.onLinkFailed();
    assertThat(scrape())
        .contains("andante_kv_transfer_link_failures_total{engine=\"decode\",model_name=\"m\"} 1.0")
        .contains("andante_kv_transfer_resumed_total{engine=\"decode\",model_name=\"m\"} 1.0")
        .contains("andante_kv_transfer_bytes_total{engine=\"decode\",model_name=\"m\"} 1234.0")
        .contains(
            "andante_kv_transfer_spared_tokens_total{engine=\"decode\",model_name=\"m\"} 48.0")
        .contains("model_name=\"m\",reason=\"saturated\"} 2.0")
        .contains("model_name=\"m\",reason=\"bad_frame\"} 1.0")
        .contains("andante_kv_transfer_seconds_count{engine=\"decode\",model_name=\"m\"} 1");
  }

  @Test
  void twoRolesShareARegistry() {
    EngineMetrics other =
        new EngineMetrics(registry, "m", "prefill", 512, 4, status::get, events -> {});
    other.onGeneratedTokens(2);
    CacheConfigInfo info = new CacheConfigInfo(registry.getPrometheusRegistry());
    info.set("m", "decode", 16, 100);
    info.set("m", "prefill", 16, 50);
    assertThat(scrape())
        .contains("vllm:generation_tokens_total{engine=\"prefill\",model_name=\"m\"} 2.0")
        .contains("vllm:generation_tokens_total{engine=\"decode\",model_name=\"m\"} 0.0")
        .contains(
            "vllm:cache_config_info{block_size=\"16\",engine=\"decode\",model_name=\"m\","
                + "num_gpu_blocks=\"100\"} 1")
        .contains("engine=\"prefill\",model_name=\"m\",num_gpu_blocks=\"50\"} 1");
  }

  private void everything() {
    new CacheConfigInfo(registry.getPrometheusRegistry()).set("m", "decode", 16, 100);
    metrics.onFinished(FinishReason.STOP, 12, 31, STATS);
    KvTransferMetrics transfers = new KvTransferMetrics(registry, "m", "decode");
    transfers.onCompleted(1, 1, 1);
    transfers.onFailed("saturated");
    metrics.kvTiers().onOpen(KvTier.HOST);
    LegMetrics.expertDispatch(registry, "m", "decode").accept(1);
    LegMetrics.draftRoundTrip(registry, "m", "decode").accept(1);
  }

  private String scrape() {
    return OperationsEndpoints.text(registry);
  }

  private static String bucket(String name, String bound) {
    return name + "_bucket{engine=\"decode\",model_name=\"m\",le=\"" + bound + "\"} ";
  }

  private static String golden() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(MetricNamesTest.class.getResourceAsStream("/metric-types.txt"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
  }
}
