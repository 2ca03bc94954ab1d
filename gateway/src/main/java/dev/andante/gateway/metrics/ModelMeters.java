package dev.andante.gateway.metrics;

import dev.andante.service.metrics.MetricBuckets;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

/** The vLLM names of one model, as the gateway sees its requests. Times in seconds. Any thread. */
public final class ModelMeters {

  private static final int MAX_TOKENS = 1_000_000;

  private final MeterRegistry registry;
  private final Tags tags;
  private final DistributionSummary timeToFirstToken;
  private final DistributionSummary interToken;
  private final DistributionSummary perOutputToken;
  private final DistributionSummary endToEnd;
  private final DistributionSummary queue;
  private final DistributionSummary prefill;
  private final DistributionSummary decode;
  private final DistributionSummary inference;
  private final DistributionSummary promptLength;
  private final DistributionSummary answerLength;
  private final Counter promptTokens;
  private final Counter generationTokens;

  ModelMeters(MeterRegistry registry, String model) {
    this.registry = registry;
    this.tags = Tags.of("model_name", model, "engine", "gateway");
    double[] endToEndBuckets = MetricBuckets.endToEnd();
    double[] tokenBuckets = MetricBuckets.tokens(MAX_TOKENS);
    timeToFirstToken =
        histogram("vllm:time_to_first_token_seconds", MetricBuckets.timeToFirstToken());
    interToken = histogram("vllm:inter_token_latency_seconds", MetricBuckets.perToken());
    perOutputToken =
        histogram("vllm:request_time_per_output_token_seconds", MetricBuckets.perToken());
    endToEnd = histogram("vllm:e2e_request_latency_seconds", endToEndBuckets);
    queue = histogram("vllm:request_queue_time_seconds", endToEndBuckets);
    prefill = histogram("vllm:request_prefill_time_seconds", endToEndBuckets);
    decode = histogram("vllm:request_decode_time_seconds", endToEndBuckets);
    inference = histogram("vllm:request_inference_time_seconds", endToEndBuckets);
    promptLength = histogram("vllm:request_prompt_tokens", tokenBuckets);
    answerLength = histogram("vllm:request_generation_tokens", tokenBuckets);
    promptTokens = Counter.builder("vllm:prompt_tokens").tags(tags).register(registry);
    generationTokens = Counter.builder("vllm:generation_tokens").tags(tags).register(registry);
  }

  public void queued(long nanos) {
    queue.record(seconds(nanos));
  }

  public void firstToken(long nanosSinceArrival) {
    timeToFirstToken.record(seconds(nanosSinceArrival));
  }

  /** Prefill call to its reply, the KV's way included. */
  public void prefilled(long nanos) {
    prefill.record(seconds(nanos));
  }

  /** So many tokens came at once, so long after those before. */
  public void tokens(int count, long nanos) {
    for (int i = 0; i < count; i++) {
      interToken.record(seconds(nanos) / count);
    }
  }

  /** An answer was completed. Times since the request arrived. */
  public void finished(
      String reason,
      int prompt,
      int generated,
      long admittedNanos,
      long firstNanos,
      long lastNanos) {
    promptTokens.increment(prompt);
    generationTokens.increment(generated);
    promptLength.record(prompt);
    answerLength.record(generated);
    endToEnd.record(seconds(lastNanos));
    inference.record(seconds(lastNanos - admittedNanos));
    decode.record(seconds(lastNanos - firstNanos));
    if (generated > 1) {
      perOutputToken.record(seconds(lastNanos - firstNanos) / (generated - 1));
    }
    Counter.builder("vllm:request_success")
        .tags(tags.and("finished_reason", reason))
        .register(registry)
        .increment();
  }

  private DistributionSummary histogram(String name, double[] bounds) {
    return DistributionSummary.builder(name)
        .tags(tags)
        .serviceLevelObjectives(bounds)
        .register(registry);
  }

  private static double seconds(long nanos) {
    return nanos / 1e9;
  }
}
