package dev.andante.gateway.metrics;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import dev.andante.service.metrics.MetricBuckets;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;

/** The vLLM names of one model, as the gateway sees its requests. Times in seconds. Any thread. */
public final class ModelMeters {

  private static final int MAX_TOKENS = 1_000_000;
  private static final double[] SLACK_SECONDS = {.1, .5, 1, 2, 5, 10, 20, 40, 80, 160, 320, 640};

  private final MeterRegistry registry;
  private final Tags tags;
  private final Timer timeToFirstToken;
  private final Timer interToken;
  private final Timer perOutputToken;
  private final Timer endToEnd;
  private final Timer pacerSlack;
  private final Timer byPrefill;
  private final Timer byDecode;
  private final Counter keptLocal;
  private final Timer queue;
  private final Timer prefill;
  private final Timer decode;
  private final Timer inference;
  private final DistributionSummary promptLength;
  private final DistributionSummary answerLength;
  private final Counter promptTokens;
  private final Counter generationTokens;

  ModelMeters(MeterRegistry registry, String model) {
    this.registry = registry;
    this.tags = Tags.of("model_name", model, "engine", "gateway");
    double[] endToEndBuckets = MetricBuckets.endToEnd();
    double[] tokenBuckets = MetricBuckets.tokens(MAX_TOKENS);
    timeToFirstToken = timer("vllm:time_to_first_token_seconds", MetricBuckets.timeToFirstToken());
    interToken = timer("vllm:inter_token_latency_seconds", MetricBuckets.perToken());
    perOutputToken = timer("vllm:request_time_per_output_token_seconds", MetricBuckets.perToken());
    endToEnd = timer("vllm:e2e_request_latency_seconds", endToEndBuckets);
    pacerSlack =
        Timer.builder("andante_pacer_slack_seconds")
            .description("The most text of a paced answer that waited for its reader at once")
            .tag("model_name", model)
            .serviceLevelObjectives(MetricBuckets.durations(SLACK_SECONDS))
            .register(registry);
    byPrefill = estimate("prefill");
    byDecode = estimate("decode");
    keptLocal =
        Counter.builder("andante_local_prefills")
            .description("Prompts left to decode since handing them on was predicted not to pay")
            .tag("model_name", model)
            .register(registry);
    queue = timer("vllm:request_queue_time_seconds", endToEndBuckets);
    prefill = timer("vllm:request_prefill_time_seconds", endToEndBuckets);
    decode = timer("vllm:request_decode_time_seconds", endToEndBuckets);
    inference = timer("vllm:request_inference_time_seconds", endToEndBuckets);
    promptLength = histogram("vllm:request_prompt_tokens", tokenBuckets);
    answerLength = histogram("vllm:request_generation_tokens", tokenBuckets);
    promptTokens = Counter.builder("vllm:prompt_tokens").tags(tags).register(registry);
    generationTokens = Counter.builder("vllm:generation_tokens").tags(tags).register(registry);
  }

  public void queued(long nanos) {
    queue.record(nanos, NANOSECONDS);
  }

  public void firstToken(long nanosSinceArrival) {
    timeToFirstToken.record(nanosSinceArrival, NANOSECONDS);
  }

  /** So much text of a paced answer waited for its reader, in seconds of reading. */
  public void paced(double slackSeconds) {
    pacerSlack.record(Math.round(slackSeconds * 1e9), NANOSECONDS);
  }

  /**
   * A prompt could go either way.
   *
   * @param local whether it was left to decode
   */
  public void weighed(double prefillSeconds, double localSeconds, boolean local) {
    byPrefill.record(Math.round(prefillSeconds * 1e9), NANOSECONDS);
    byDecode.record(Math.round(localSeconds * 1e9), NANOSECONDS);
    if (local) {
      keptLocal.increment();
    }
  }

  /** Prefill call to its reply, the KV's way included. */
  public void prefilled(long nanos) {
    prefill.record(nanos, NANOSECONDS);
  }

  /** So many tokens came at once, so long after those before. */
  public void tokens(int count, long nanos) {
    for (int i = 0; i < count; i++) {
      interToken.record(nanos / count, NANOSECONDS);
    }
  }

  /** The prompt of an answer was computed. */
  public void promptTokens(int count) {
    promptTokens.increment(count);
  }

  /** Workers sent more of an answer. */
  public void generatedTokens(int count) {
    generationTokens.increment(count);
  }

  /** An answer was completed. Times since the request arrived. */
  public void finished(
      String reason,
      int prompt,
      int generated,
      long admittedNanos,
      long firstNanos,
      long lastNanos) {
    promptLength.record(prompt);
    answerLength.record(generated);
    endToEnd.record(lastNanos, NANOSECONDS);
    inference.record(lastNanos - admittedNanos, NANOSECONDS);
    decode.record(lastNanos - firstNanos, NANOSECONDS);
    if (generated > 1) {
      perOutputToken.record((lastNanos - firstNanos) / (generated - 1), NANOSECONDS);
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

  private Timer estimate(String path) {
    return Timer.builder("andante_path_estimate_seconds")
        .description("What a prompt was predicted to take by way of prefill, and on decode")
        .tags(tags.and("path", path))
        .serviceLevelObjectives(MetricBuckets.durations(MetricBuckets.timeToFirstToken()))
        .register(registry);
  }

  private Timer timer(String name, double[] seconds) {
    return Timer.builder(name)
        .tags(tags)
        .serviceLevelObjectives(MetricBuckets.durations(seconds))
        .register(registry);
  }
}
