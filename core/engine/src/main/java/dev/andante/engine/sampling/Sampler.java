package dev.andante.engine.sampling;

import dev.andante.engine.GeneratedToken;
import dev.andante.engine.SamplingParams;
import java.util.List;
import java.util.Map;

/** Chooses one token from one row of logits. Keeps scratch memory; belongs to one thread. */
public final class Sampler {

  private static final int[] NOTHING = {};

  private final int vocabulary;
  private final float[] raw;
  private final TokenSampler sampler;
  private final Philox philox = new Philox();

  public Sampler(int vocabulary) {
    this.vocabulary = vocabulary;
    raw = new float[vocabulary];
    sampler = new TokenSampler(vocabulary);
  }

  /** Whether the choice is the plain argmax of the raw logits, so that the row need not be read. */
  public static boolean isPlain(SamplingParams params) {
    return params.greedy()
        && !params.logprobs()
        && params.logitBias().isEmpty()
        && !hasPenalties(params);
  }

  public static boolean hasPenalties(SamplingParams params) {
    return params.repetitionPenalty() != 1
        || params.presencePenalty() != 0
        || params.frequencyPenalty() != 0;
  }

  /** A token without log-probability. */
  public static GeneratedToken token(int id) {
    return new GeneratedToken(id, Float.NaN, List.of());
  }

  /**
   * @param logits the raw row, at least {@code vocabulary} long; overwritten
   * @param counts of the tokens before this one; read if penalties are asked for
   * @param masked ids that must not be chosen
   * @param position of the token to be chosen in its sequence
   * @throws SamplingException if no token can be chosen
   */
  public GeneratedToken sample(
      float[] logits, SamplingParams params, TokenCounts counts, int[] masked, int position) {
    if (params.logprobs()) {
      System.arraycopy(logits, 0, raw, 0, vocabulary);
    }
    for (int id : masked) {
      if (id >= 0 && id < vocabulary) {
        logits[id] = Float.NEGATIVE_INFINITY;
      }
    }
    for (Map.Entry<Integer, Float> bias : params.logitBias().entrySet()) {
      logits[bias.getKey()] += bias.getValue();
    }
    if (hasPenalties(params)) {
      counts.penalise(
          logits, params.repetitionPenalty(), params.frequencyPenalty(), params.presencePenalty());
    }
    int id =
        params.greedy()
            ? TokenSampler.argmax(logits, vocabulary)
            : sampler.sample(logits, vocabulary, params, philox.uniform(params.seed(), position));
    return params.logprobs() ? Logprobs.of(raw, vocabulary, id, params.topLogprobs()) : token(id);
  }

  /** As {@link #sample(float[], SamplingParams, TokenCounts, int[], int)} with nothing masked. */
  GeneratedToken sample(float[] logits, SamplingParams params, TokenCounts counts, int position) {
    return sample(logits, params, counts, NOTHING, position);
  }
}
