package dev.andante.model.layers;

import dev.andante.model.MoeConfig;
import dev.andante.model.Routing;

/**
 * The softmax gate of Mixtral, Qwen3-MoE and OLMoE: softmax over all experts in float32, the {@code
 * expertsPerToken} largest are chosen, their probabilities are the weights, optionally scaled to
 * sum to one. Equal probabilities go to the lower expert id.
 */
public final class ExpertRouter {

  private final int experts;
  private final int expertsPerToken;
  private final boolean renormalise;

  public ExpertRouter(MoeConfig config) {
    this.experts = config.experts();
    this.expertsPerToken = config.expertsPerToken();
    this.renormalise = config.renormalise();
  }

  /**
   * @param scores {@code [rows, experts]} router logits; overwritten with probabilities
   */
  public Routing route(float[] scores, int rows) {
    int[] chosen = new int[rows * expertsPerToken];
    float[] weights = new float[rows * expertsPerToken];
    boolean[] taken = new boolean[experts];
    for (int row = 0; row < rows; row++) {
      softmax(scores, row * experts);
      choose(scores, row * experts, taken);
      int at = row * expertsPerToken;
      float sum = 0;
      for (int expert = 0; expert < experts; expert++) {
        if (taken[expert]) {
          taken[expert] = false;
          chosen[at] = expert;
          weights[at] = scores[row * experts + expert];
          sum += weights[at++];
        }
      }
      if (renormalise) {
        for (int i = row * expertsPerToken; i < at; i++) {
          weights[i] /= sum;
        }
      }
    }
    return new Routing(rows, expertsPerToken, chosen, weights);
  }

  private void softmax(float[] scores, int from) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = from; i < from + experts; i++) {
      max = Math.max(max, scores[i]);
    }
    float sum = 0;
    for (int i = from; i < from + experts; i++) {
      scores[i] = (float) Math.exp(scores[i] - max);
      sum += scores[i];
    }
    for (int i = from; i < from + experts; i++) {
      scores[i] /= sum;
    }
  }

  /** Marks the largest. NaN is never larger, so broken scores still choose valid experts. */
  private void choose(float[] probabilities, int from, boolean[] taken) {
    for (int slot = 0; slot < expertsPerToken; slot++) {
      int best = -1;
      for (int i = 0; i < experts; i++) {
        if (!taken[i] && (best < 0 || probabilities[from + i] > probabilities[from + best])) {
          best = i;
        }
      }
      taken[best] = true;
    }
  }
}
