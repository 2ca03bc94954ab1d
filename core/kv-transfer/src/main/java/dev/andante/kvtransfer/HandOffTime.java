package dev.andante.kvtransfer;

import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What handing prompts on adds to the time until they are answered, as learnt: so much for itself
 * and for each token whose KV is sent. The line through all hand-offs by least squares, each of
 * which counts a little less with every later one. When the last one was long ago all is forgotten,
 * so that whoever avoids hand-offs for their price tries again. Thread-safe.
 */
public final class HandOffTime {

  /**
   * @param samples hand-offs that it rests on
   */
  public record Estimate(double baseSeconds, double perTokenSeconds, long samples) {}

  private static final double FADING = 0.97;
  private static final long GOOD_FOR_NANOS = 60_000_000_000L;

  private final LongSupplier nanoTime;

  // Guarded by this. Sums are weighted.
  private double weight;
  private double tokenSum;
  private double secondSum;
  private double tokenSquares;
  private double products;
  private long samples;
  private long last;

  /**
   * @param nanoTime as {@link System#nanoTime}
   */
  public HandOffTime(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * One hand-off.
   *
   * @param tokens whose KV was sent
   * @param nanos until the receiver had granted blocks, and from the end of the computation until
   *     it had everything
   */
  public synchronized void observe(int tokens, long nanos) {
    double seconds = Math.max(0, nanos) / 1e9;
    if (isOld()) {
      weight = tokenSum = secondSum = tokenSquares = products = 0;
      samples = 0;
    }
    weight = weight * FADING + 1;
    tokenSum = tokenSum * FADING + tokens;
    secondSum = secondSum * FADING + seconds;
    tokenSquares = tokenSquares * FADING + (double) tokens * tokens;
    products = products * FADING + tokens * seconds;
    samples++;
    last = nanoTime.getAsLong();
  }

  /** Empty if nothing was handed on lately. */
  public synchronized Optional<Estimate> estimate() {
    if (samples == 0 || isOld()) {
      return Optional.empty();
    }
    double meanTokens = tokenSum / weight;
    double meanSeconds = secondSum / weight;
    double spread = tokenSquares / weight - meanTokens * meanTokens;
    double covariance = products / weight - meanTokens * meanSeconds;
    // Prompts of one length tell nothing of others; and neither part is ever a gain.
    double slope = spread < 1 ? 0 : Math.max(0, covariance / spread);
    double most = meanTokens > 0 ? meanSeconds / meanTokens : 0;
    double perToken = Math.min(slope, most);
    return Optional.of(new Estimate(meanSeconds - perToken * meanTokens, perToken, samples));
  }

  private boolean isOld() {
    return nanoTime.getAsLong() - last > GOOD_FOR_NANOS;
  }
}
