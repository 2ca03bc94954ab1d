package dev.andante.testkit;

/** What tests compute of logits, in double precision. */
public final class TestLogits {

  private TestLogits() {}

  /** Logarithm of the sum of the exponentials of {@code length} logits. */
  public static double logSumExp(float[] logits, int from, int length) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = from; i < from + length; i++) {
      max = Math.max(max, logits[i]);
    }
    double sum = 0;
    for (int i = from; i < from + length; i++) {
      sum += Math.exp(logits[i] - max);
    }
    return max + Math.log(sum);
  }
}
