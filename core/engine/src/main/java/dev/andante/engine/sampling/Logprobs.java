package dev.andante.engine.sampling;

import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GeneratedToken.Alternative;
import java.util.ArrayList;
import java.util.List;

/** Log-softmax of raw logits. */
final class Logprobs {

  private Logprobs() {}

  /** The chosen token with its log-probability and the {@code top} most probable ones. */
  static GeneratedToken of(float[] logits, int n, int chosen, int top) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      max = Math.max(max, logits[i]);
    }
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.exp((double) logits[i] - max);
    }
    double logSum = max + Math.log(sum);
    return new GeneratedToken(
        chosen, (float) (logits[chosen] - logSum), alternatives(logits, n, top, logSum));
  }

  private static List<Alternative> alternatives(float[] logits, int n, int top, double logSum) {
    int count = Math.min(top, n);
    if (count == 0) {
      return List.of();
    }
    int[] best = new int[count];
    int size = 0;
    for (int id = 0; id < n; id++) {
      if (size == count && logits[id] <= logits[best[size - 1]]) {
        continue;
      }
      int at = size < count ? size++ : size - 1;
      while (at > 0 && logits[id] > logits[best[at - 1]]) {
        best[at] = best[at - 1];
        at--;
      }
      best[at] = id;
    }
    List<Alternative> result = new ArrayList<>(count);
    for (int id : best) {
      result.add(new Alternative(id, (float) (logits[id] - logSum)));
    }
    return List.copyOf(result);
  }
}
