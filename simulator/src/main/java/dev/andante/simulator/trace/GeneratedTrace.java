package dev.andante.simulator.trace;

import dev.andante.qoe.QoeOverride;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Traces drawn at random, equal for equal seeds.
 *
 * <p>Lengths are like ShareGPT's as vLLM reports them (arXiv 2309.06180, figure 11): log-normal,
 * from 4 to 1,024 tokens, 161 tokens in and 338 out on average.
 */
public final class GeneratedTrace {

  private static final double INPUT_MU = 4.44;
  private static final double INPUT_SIGMA = 1.2;
  private static final double OUTPUT_MU = 5.47;
  private static final double OUTPUT_SIGMA = 1.0;
  private static final int LEAST_TOKENS = 4;
  private static final int MOST_TOKENS = 1024;

  private GeneratedTrace() {}

  /** A source of random numbers for one purpose, so that purposes do not disturb each other. */
  public static RandomGenerator random(long seed, long purpose) {
    return RandomGeneratorFactory.of("L64X128MixRandom")
        .create(seed * 0x9E3779B97F4A7C15L + purpose);
  }

  /** Poisson arrivals, one a second on average. */
  public static Trace poisson(int requests, long seed) {
    RandomGenerator random = random(seed, 1);
    return arriving("poisson", random::nextExponential, requests, seed);
  }

  /**
   * Times between arrivals drawn from a Gamma distribution, one second on average.
   *
   * @param cv their standard deviation over their mean: above 1 for bursts
   */
  public static Trace gamma(double cv, int requests, long seed) {
    RandomGenerator random = random(seed, 1);
    double shape = 1 / (cv * cv);
    return arriving("gamma", () -> gammaSample(random, shape) / shape, requests, seed);
  }

  @FunctionalInterface
  private interface Gaps {
    double next();
  }

  private static Trace arriving(String name, Gaps gaps, int requests, long seed) {
    RandomGenerator lengths = random(seed, 2);
    List<TraceRequest> drawn = new ArrayList<>(requests);
    double arrival = 0;
    for (int i = 0; i < requests; i++) {
      int input = logNormal(lengths, INPUT_MU, INPUT_SIGMA);
      int output = logNormal(lengths, OUTPUT_MU, OUTPUT_SIGMA);
      drawn.add(new TraceRequest(arrival, input, output, List.of(), QoeOverride.NONE));
      arrival += gaps.next();
    }
    return new Trace(name, drawn, 0);
  }

  private static int logNormal(RandomGenerator random, double mu, double sigma) {
    double drawn = Math.exp(mu + sigma * random.nextGaussian());
    return Math.clamp(Math.round(drawn), LEAST_TOKENS, MOST_TOKENS);
  }

  /** Marsaglia and Tsang (2000), scale 1; below shape 1 by way of the next one. */
  static double gammaSample(RandomGenerator random, double shape) {
    if (shape < 1) {
      return gammaSample(random, shape + 1) * Math.pow(1 - random.nextDouble(), 1 / shape);
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = random.nextGaussian();
      double v = Math.pow(1 + c * x, 3);
      if (v > 0 && Math.log(1 - random.nextDouble()) < x * x / 2 + d - d * v + d * Math.log(v)) {
        return d * v;
      }
    }
  }
}
