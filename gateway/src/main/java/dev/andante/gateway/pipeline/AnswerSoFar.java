package dev.andante.gateway.pipeline;

import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.metrics.ModelMeters;
import dev.andante.gateway.routing.PathEstimates;
import dev.andante.gateway.routing.Placement;
import dev.andante.gateway.routing.Worker;
import dev.andante.protocol.v1.GenerationStats;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.Token;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What has come of one answer, and how it was served on the way; tells the meters. What a lost
 * worker did before it was lost is known to nobody and not counted. For one thread at a time.
 */
final class AnswerSoFar {

  private final int promptTokens;
  private final ModelMeters meters;
  private final Progress progress;
  private final List<Integer> generated = new ArrayList<>();
  private final List<Integer> view = Collections.unmodifiableList(generated);

  // As in ServingFigures.
  private long queueMicros;
  private @Nullable String prefillInstance;
  private @Nullable String decodeInstance;
  private int cachedTokens;
  private long transferMicros;
  private long transferBytes;
  private int draftedTokens;
  private int acceptedTokens;
  private int preemptions;
  private int resumed;
  private @Nullable PathEstimates estimates;

  AnswerSoFar(AnswerPlan plan, GatewayMetrics metrics, Progress progress) {
    this.promptTokens = plan.prompt().length;
    this.meters = metrics.model(plan.model().name());
    this.progress = progress;
    this.queueMicros = progress.queuedNanos() / 1000;
  }

  /** Ids of its tokens, as they have come by now; a view. */
  List<Integer> generated() {
    return view;
  }

  /** Of the prompt and the answer. */
  int tokens() {
    return promptTokens + generated.size();
  }

  boolean begun() {
    return !generated.isEmpty();
  }

  /** Another attempt begins, there. */
  void placed(Placement place) {
    estimates = place.estimates().orElse(null);
    place
        .estimates()
        .ifPresent(
            paths ->
                meters.weighed(
                    paths.prefillSeconds(), paths.localSeconds(), place.prefill().isEmpty()));
  }

  /**
   * @param at where, with the prefill worker that was done first
   * @param nanos since the prompt went to prefill
   */
  void prefilled(Placement at, PrefillReply reply, long nanos) {
    meters.prefilled(nanos);
    queueMicros += reply.getQueueMicros();
    prefillInstance = at.prefill().map(Worker::instance).orElse(null);
    estimates = at.estimates().orElse(null);
    decodeInstance = null;
    cachedTokens = reply.getCachedTokens();
    transferMicros += reply.getTransferMicros();
    transferBytes += reply.getKvBytes();
  }

  /**
   * @param local whether that worker computes the prompt too
   */
  void decodingOn(Worker worker, boolean local) {
    decodeInstance = worker.instance();
    if (local) {
      prefillInstance = null;
      cachedTokens = 0;
    }
  }

  void decoded(GenerationStats stats) {
    queueMicros += stats.getQueueMicros();
    if (stats.getCachedTokens() > 0) { // of transferred KV it may say nothing: prefill has said it
      cachedTokens = stats.getCachedTokens();
    }
    draftedTokens += stats.getDraftedTokens();
    acceptedTokens += stats.getAcceptedTokens();
    preemptions += stats.getPreemptions();
  }

  /** It goes on elsewhere. */
  void resumed() {
    resumed++;
  }

  GenerationEvent add(List<Token> tokens) {
    if (generated.isEmpty()) {
      meters.promptTokens(promptTokens);
    }
    meters.generatedTokens(tokens.size());
    progress.generatedTokens(tokens.size());
    tokens.forEach(token -> generated.add(token.getId()));
    return new GenerationEvent.Tokens(tokens);
  }

  /** How it was served by now. */
  GenerationEvent served() {
    return new GenerationEvent.Served(
        new ServingFigures(
            queueMicros,
            prefillInstance,
            decodeInstance,
            cachedTokens,
            transferMicros,
            transferBytes,
            draftedTokens,
            acceptedTokens,
            preemptions,
            resumed,
            estimates));
  }
}
