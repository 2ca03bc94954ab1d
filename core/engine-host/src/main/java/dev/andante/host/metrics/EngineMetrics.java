package dev.andante.host.metrics;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.EngineStatus;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.KvTierObserver;
import dev.andante.engine.Resumption;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.service.metrics.MetricBuckets;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * An engine's counts under the names that dashboards and autoscalers made for vLLM read. All meters
 * are made once; gauges read the engine's snapshot when they are scraped.
 */
public final class EngineMetrics implements EngineObserver {

  private static final int MAX_STEP_TOKENS = 16384;

  private final Meters meters;
  private final int maxDraftTokens;
  private final Counter promptTokens;
  private final Counter computed;
  private final Counter cacheHits;
  private final Counter transferred;
  private final Counter prefixQueries;
  private final Counter prefixHits;
  private final Counter generationTokens;
  private final Counter preemptions;
  private final Map<Resumption, Counter> resumed = new EnumMap<>(Resumption.class);
  private final KvTierMetrics tiers;
  private final Consumer<List<KvEvent>> kvEvents;
  private final RequestMetrics requests;
  private final Counter drafts;
  private final Counter draftTokens;
  private final Counter acceptedTokens;
  private final Counter[] acceptedPerPosition;
  private final Counter leasesExpired;
  private final Counter stepsCut;
  private final Counter demotions;
  private final Counter promotions;
  private final Timer interTokenLatency;
  private final DistributionSummary iterationTokens;

  /**
   * @param engine the role, as the label {@code engine}
   * @param contextLength the most tokens that a request may have
   * @param maxDraftTokens most draft tokens per request and step
   * @param status the engine's snapshot; zeros before it runs
   * @param kvEvents hears of the engine's KV events, which have no meters
   */
  public EngineMetrics(
      MeterRegistry registry,
      String model,
      String engine,
      int contextLength,
      int maxDraftTokens,
      Supplier<EngineStatus> status,
      Consumer<List<KvEvent>> kvEvents) {
    this.kvEvents = kvEvents;
    this.meters = new Meters(registry, Tags.of("model_name", model, "engine", engine));
    this.maxDraftTokens = maxDraftTokens;
    gauge(status, "vllm:num_requests_running", "Requests in the batch", EngineStatus::running);
    gauge(status, "vllm:num_requests_waiting", "Requests not yet scheduled", EngineStatus::waiting);
    gauge(
        status,
        "vllm:kv_cache_usage_perc",
        "Share of KV blocks in use, 0 to 1",
        EngineMetrics::usage);
    gauge(
        status,
        "andante_engine_step_base_seconds",
        "What a step takes apart from its rows, as learnt",
        now -> now.stepCost().base());
    gauge(
        status,
        "andante_engine_step_row_seconds",
        "What a row adds to a step, as learnt",
        now -> now.stepCost().perRequest());
    gauge(
        status,
        "andante_engine_step_pair_seconds",
        "What a token that a row attends to adds to a step, as learnt",
        now -> now.stepCost().perContext());
    promptTokens = meters.counter("vllm:prompt_tokens", "Prompt tokens processed");
    computed = bySource("local_compute");
    cacheHits = bySource("local_cache_hit");
    transferred = bySource("external_kv_transfer");
    prefixQueries =
        meters.counter("vllm:prefix_cache_queries", "Prompt tokens looked up in the cache");
    prefixHits = meters.counter("vllm:prefix_cache_hits", "Prompt tokens found in the cache");
    generationTokens = meters.counter("vllm:generation_tokens", "Tokens generated");
    preemptions = meters.counter("vllm:num_preemptions", "Requests that lost their blocks");
    for (Resumption how : Resumption.values()) {
      resumed.put(
          how,
          meters.counter(
              "andante_engine_resumptions",
              "Preempted requests that run again, by how they got their KV back",
              "how",
              how.name().toLowerCase(Locale.ROOT)));
    }
    tiers = new KvTierMetrics(meters);
    requests = new RequestMetrics(meters, contextLength);
    drafts = meters.counter("vllm:spec_decode_num_drafts", "Drafts verified");
    draftTokens = meters.counter("vllm:spec_decode_num_draft_tokens", "Draft tokens verified");
    acceptedTokens =
        meters.counter("vllm:spec_decode_num_accepted_tokens", "Draft tokens accepted");
    acceptedPerPosition = new Counter[maxDraftTokens];
    for (int i = 0; i < maxDraftTokens; i++) {
      acceptedPerPosition[i] =
          meters.counter(
              "vllm:spec_decode_num_accepted_tokens_per_pos",
              "Draft tokens accepted, by position",
              "position",
              Integer.toString(i));
    }
    stepsCut =
        meters.counter(
            "andante_engine_steps_cut",
            "Steps that computed less of prompts than there was room for, to hold the TBT target");
    demotions =
        meters.counter(
            "andante_engine_demotions", "Requests that used up their time in a queue (mlfq)");
    promotions =
        meters.counter(
            "andante_engine_promotions",
            "Requests put before all others after too long without a step (priority, mlfq)");
    leasesExpired =
        meters.counter(
            "andante_kv_leases_expired", "Reservations that ran out before they were used");
    interTokenLatency =
        meters.timer(
            "vllm:inter_token_latency_seconds",
            "Between tokens of one request",
            MetricBuckets.perToken());
    iterationTokens =
        meters.histogram(
            "vllm:iteration_tokens_total",
            "Tokens per engine step",
            MetricBuckets.tokens(MAX_STEP_TOKENS));
  }

  @Override
  public void onStep(int requests, int tokens, long nanos) {
    iterationTokens.record(tokens);
  }

  @Override
  public void onPromptTokens(int computedTokens, int cachedTokens, int transferredTokens) {
    promptTokens.increment((double) computedTokens + cachedTokens + transferredTokens);
    computed.increment(computedTokens);
    cacheHits.increment(cachedTokens);
    transferred.increment(transferredTokens);
  }

  @Override
  public void onPrefixLookup(int tokens, int cached) {
    prefixQueries.increment(tokens);
    prefixHits.increment(cached);
  }

  @Override
  public void onGeneratedTokens(int count) {
    generationTokens.increment(count);
  }

  @Override
  public void onPreemption() {
    preemptions.increment();
  }

  @Override
  public void onResumed(Resumption how) {
    resumed.get(how).increment();
  }

  @Override
  public void onKvEvents(List<KvEvent> events) {
    kvEvents.accept(events);
  }

  @Override
  public KvTierObserver kvTiers() {
    return tiers;
  }

  @Override
  public void onFinished(FinishReason reason, int prompt, int generated, GenerationStats stats) {
    requests.onFinished(reason, prompt, generated, stats);
  }

  @Override
  public void onDraft(int drafted, int accepted) {
    drafts.increment();
    draftTokens.increment(drafted);
    acceptedTokens.increment(accepted);
    for (int i = 0; i < Math.min(accepted, maxDraftTokens); i++) {
      acceptedPerPosition[i].increment();
    }
  }

  @Override
  public void onStepCut() {
    stepsCut.increment();
  }

  @Override
  public void onDemotion() {
    demotions.increment();
  }

  @Override
  public void onPromotion() {
    promotions.increment();
  }

  @Override
  public void onLeaseExpired() {
    leasesExpired.increment();
  }

  /** Tokens of one request left the engine this long after the ones before. Any thread. */
  public void onInterTokenLatency(long nanos) {
    interTokenLatency.record(nanos, TimeUnit.NANOSECONDS);
  }

  private static double usage(EngineStatus status) {
    return status.totalBlocks() == 0 ? 0 : 1 - (double) status.freeBlocks() / status.totalBlocks();
  }

  private void gauge(
      Supplier<EngineStatus> status,
      String name,
      String help,
      ToDoubleFunction<EngineStatus> value) {
    Gauge.builder(name, status, current -> value.applyAsDouble(current.get()))
        .strongReference(true)
        .description(help)
        .tags(meters.tags())
        .register(meters.registry());
  }

  private Counter bySource(String source) {
    return meters.counter(
        "vllm:prompt_tokens_by_source", "Prompt tokens, by where KV came from", "source", source);
  }
}
