package dev.andante.host.metrics;

import dev.andante.engine.FinishReason;
import dev.andante.engine.GenerationStats;
import dev.andante.service.metrics.MetricBuckets;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What requests were like that are over: how long they were, how long they took and how they ended.
 */
final class RequestMetrics {

  private final Meters meters;
  private final Map<FinishReason, Counter> finished = new EnumMap<>(FinishReason.class);
  private final Timer timeToFirstToken;
  private final Timer timePerOutputToken;
  private final Timer endToEnd;
  private final Timer queueTime;
  private final Timer prefillTime;
  private final Timer decodeTime;
  private final Timer inferenceTime;
  private final DistributionSummary requestPromptTokens;
  private final DistributionSummary requestGenerationTokens;

  /**
   * @param contextLength the most tokens that a request may have
   */
  RequestMetrics(Meters meters, int contextLength) {
    this.meters = meters;
    for (FinishReason reason : FinishReason.values()) {
      finished.put(
          reason,
          meters.counter(
              "vllm:request_success",
              "Requests that ended, by reason",
              "finished_reason",
              vllmReason(reason)));
    }
    timeToFirstToken =
        meters.timer(
            "vllm:time_to_first_token_seconds",
            "From arrival to the first token",
            MetricBuckets.timeToFirstToken());
    timePerOutputToken =
        meters.timer(
            "vllm:request_time_per_output_token_seconds",
            "Mean time per token after the first",
            MetricBuckets.perToken());
    endToEnd = span("vllm:e2e_request_latency_seconds", "From arrival to the last token");
    queueTime = span("vllm:request_queue_time_seconds", "From arrival to the first step");
    prefillTime = span("vllm:request_prefill_time_seconds", "Computing the prompt");
    decodeTime = span("vllm:request_decode_time_seconds", "From the first token to the last");
    inferenceTime = span("vllm:request_inference_time_seconds", "Prefill and decode together");
    requestPromptTokens =
        meters.histogram(
            "vllm:request_prompt_tokens",
            "Prompt tokens per request",
            MetricBuckets.tokens(contextLength));
    requestGenerationTokens =
        meters.histogram(
            "vllm:request_generation_tokens",
            "Generated tokens per request",
            MetricBuckets.tokens(contextLength));
  }

  void onFinished(FinishReason reason, int prompt, int generated, GenerationStats stats) {
    finished.get(reason).increment();
    if (reason == FinishReason.ABORTED) {
      return; // a time cut short says nothing about speed
    }
    requestPromptTokens.record(prompt);
    requestGenerationTokens.record(generated);
    queueTime.record(stats.queueMicros(), TimeUnit.MICROSECONDS);
    decodeTime.record(stats.decodeMicros(), TimeUnit.MICROSECONDS);
    inferenceTime.record(stats.prefillMicros() + stats.decodeMicros(), TimeUnit.MICROSECONDS);
    endToEnd.record(
        stats.queueMicros() + stats.prefillMicros() + stats.decodeMicros(), TimeUnit.MICROSECONDS);
    if (stats.prefillMicros() > 0) {
      prefillTime.record(stats.prefillMicros(), TimeUnit.MICROSECONDS);
      timeToFirstToken.record(stats.queueMicros() + stats.prefillMicros(), TimeUnit.MICROSECONDS);
    }
    if (generated > 1) {
      timePerOutputToken.record(
          1000 * stats.decodeMicros() / (generated - 1), TimeUnit.NANOSECONDS);
    }
  }

  /** vLLM calls an aborted request "abort". */
  private static String vllmReason(FinishReason reason) {
    return reason == FinishReason.ABORTED ? "abort" : reason.name().toLowerCase(Locale.ROOT);
  }

  private Timer span(String name, String help) {
    return meters.timer(name, help, MetricBuckets.endToEnd());
  }
}
