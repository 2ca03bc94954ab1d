package dev.andante.engine.sampling;

import dev.andante.engine.SamplingParams;

/**
 * Draws from the law that temperature, min-p, top-k and top-p make of processed logits, by
 * inversion of one uniform number: equal logits and equal numbers give equal tokens.
 *
 * <p>Top-k keeps exactly k tokens and top-p the smallest set of most probable tokens whose mass
 * reaches p; in both, lower ids go first on a tie. Each step renormalises what the one before left.
 */
final class TokenSampler {

  private final double[] weights;
  private final int[] kept;
  private final TokenHeap heap;

  TokenSampler(int vocabulary) {
    weights = new double[vocabulary];
    kept = new int[vocabulary];
    heap = new TokenHeap(vocabulary);
  }

  /** The largest logit's id, the lowest on a tie. */
  static int argmax(float[] logits, int n) {
    int best = 0;
    for (int i = 0; i < n; i++) {
      if (Float.isNaN(logits[i])) {
        throw new SamplingException("the model produced a logit that is not a number");
      }
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    if (Float.isInfinite(logits[best])) {
      throw new SamplingException(
          logits[best] < 0
              ? "every token is ruled out by min_tokens, logit_bias or the model"
              : "the model produced an infinite logit");
    }
    return best;
  }

  /**
   * @param u in [0, 1)
   * @throws SamplingException if a logit is NaN or +∞, or all are -∞
   */
  int sample(float[] logits, int n, SamplingParams params, double u) {
    float max = logits[argmax(logits, n)];
    double total = weigh(logits, n, max, params);
    boolean topK = params.topK() > 0 && params.topK() < n;
    if (!topK && params.topP() >= 1) {
      return invert(n, u * total);
    }
    heap.clear(logits);
    for (int id = 0; id < n; id++) {
      if (weights[id] > 0) {
        heap.add(id);
      }
    }
    heap.order();
    int count = heap.size();
    if (topK && params.topK() < count) {
      count = params.topK();
      total = take(count);
      if (params.topP() < 1) {
        count = cut(count, params.topP() * total);
      }
    } else if (params.topP() < 1) {
      count = takeUntil(params.topP() * total);
    } else {
      return invert(n, u * total);
    }
    return invertKept(count, u);
  }

  /** Unnormalised probabilities at the temperature, zero below min-p; returns their sum. */
  private double weigh(float[] logits, int n, float max, SamplingParams params) {
    double scale = 1.0 / params.temperature();
    double total = 0;
    for (int id = 0; id < n; id++) {
      double weight = Math.exp(((double) logits[id] - max) * scale);
      if (weight < params.minP()) {
        weight = 0;
      }
      weights[id] = weight;
      total += weight;
    }
    return total;
  }

  private double take(int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      kept[i] = heap.take();
      sum += weights[kept[i]];
    }
    return sum;
  }

  private int takeUntil(double mass) {
    int count = 0;
    double sum = 0;
    do {
      kept[count] = heap.take();
      sum += weights[kept[count++]];
    } while (sum < mass && heap.size() > 0);
    return count;
  }

  private int cut(int count, double mass) {
    int keep = 0;
    double sum = 0;
    do {
      sum += weights[kept[keep++]];
    } while (sum < mass && keep < count);
    return keep;
  }

  private int invert(int n, double target) {
    double sum = 0;
    int last = 0;
    for (int id = 0; id < n; id++) {
      if (weights[id] > 0) {
        sum += weights[id];
        last = id;
        if (sum > target) {
          return id;
        }
      }
    }
    // rounding of the sum may leave the target just out of reach
    return last;
  }

  private int invertKept(int count, double u) {
    double total = 0;
    for (int i = 0; i < count; i++) {
      total += weights[kept[i]];
    }
    double target = u * total;
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += weights[kept[i]];
      if (sum > target) {
        return kept[i];
      }
    }
    return kept[count - 1];
  }
}
