package dev.andante.gateway.pipeline;

import dev.andante.gateway.routing.PathEstimates;
import dev.andante.protocol.v1.GenerationStats;
import dev.andante.protocol.v1.PrefillReply;
import org.jspecify.annotations.Nullable;

/**
 * How one answer was served, as far as it has come. What a lost worker did before it was lost is
 * known to nobody and not counted.
 *
 * @param queueMicros waited for its turn, here and on workers; of all attempts together
 * @param prefillInstance who computed the prompt last; null = the decode worker did
 * @param decodeInstance who generated last; null = nobody had to after prefill
 * @param cachedTokens prompt tokens whose KV was already there
 * @param transferMicros from the first KV frame sent to the last acknowledged; of all attempts
 * @param transferBytes KV sent; of all attempts
 * @param draftedTokens proposed by the draft service
 * @param acceptedTokens of those, how many the model agreed with
 * @param preemptions how often it lost its blocks to others
 * @param resumed how often it went on elsewhere after its first token
 * @param estimates what the two paths of its last attempt were predicted to take; null = unknown
 */
public record ServingFigures(
    long queueMicros,
    @Nullable String prefillInstance,
    @Nullable String decodeInstance,
    int cachedTokens,
    long transferMicros,
    long transferBytes,
    int draftedTokens,
    int acceptedTokens,
    int preemptions,
    int resumed,
    @Nullable PathEstimates estimates) {

  /**
   * @param nanos waited here before any worker was asked
   */
  static ServingFigures queued(long nanos) {
    return new ServingFigures(nanos / 1000, null, null, 0, 0, 0, 0, 0, 0, 0, null);
  }

  /** Another attempt begins. */
  ServingFigures weighed(@Nullable PathEstimates paths) {
    return new ServingFigures(
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
        paths);
  }

  ServingFigures prefilled(String instance, PrefillReply reply) {
    return new ServingFigures(
        queueMicros + reply.getQueueMicros(),
        instance,
        null,
        reply.getCachedTokens(),
        transferMicros + reply.getTransferMicros(),
        transferBytes + reply.getKvBytes(),
        draftedTokens,
        acceptedTokens,
        preemptions,
        resumed,
        estimates);
  }

  /**
   * @param local whether that worker computes the prompt too
   */
  ServingFigures decodingOn(String instance, boolean local) {
    return new ServingFigures(
        queueMicros,
        local ? null : prefillInstance,
        instance,
        local ? 0 : cachedTokens,
        transferMicros,
        transferBytes,
        draftedTokens,
        acceptedTokens,
        preemptions,
        resumed,
        estimates);
  }

  ServingFigures decoded(GenerationStats stats) {
    return new ServingFigures(
        queueMicros + stats.getQueueMicros(),
        prefillInstance,
        decodeInstance,
        // Of transferred KV decode may say nothing: prefill has said it.
        stats.getCachedTokens() > 0 ? stats.getCachedTokens() : cachedTokens,
        transferMicros,
        transferBytes,
        draftedTokens + stats.getDraftedTokens(),
        acceptedTokens + stats.getAcceptedTokens(),
        preemptions + stats.getPreemptions(),
        resumed,
        estimates);
  }

  ServingFigures resumedOnce() {
    return new ServingFigures(
        queueMicros,
        prefillInstance,
        decodeInstance,
        cachedTokens,
        transferMicros,
        transferBytes,
        draftedTokens,
        acceptedTokens,
        preemptions,
        resumed + 1,
        estimates);
  }
}
