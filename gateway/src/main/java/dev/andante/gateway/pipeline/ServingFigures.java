package dev.andante.gateway.pipeline;

import dev.andante.gateway.routing.PathEstimates;
import org.jspecify.annotations.Nullable;

/**
 * How one answer was served, as far as it has come.
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

  /** Of an answer that nothing is known of yet. */
  public static final ServingFigures NONE =
      new ServingFigures(0, null, null, 0, 0, 0, 0, 0, 0, 0, null);
}
