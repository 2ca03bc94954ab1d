package dev.andante.benchmarks.load.workload;

import java.util.random.RandomGenerator;

/** The seconds between one arrival and the next. */
@FunctionalInterface
public interface Gaps {

  double next(RandomGenerator random);

  /** Independent readers: exponential gaps. */
  static Gaps poisson(double rate) {
    return random -> random.nextExponential() / rate;
  }

  /** All alike. */
  static Gaps even(double rate) {
    return _ -> 1 / rate;
  }

  /**
   * Bursts: gaps of the gamma distribution, of the same mean as the others.
   *
   * @param cv standard deviation of the gaps by their mean: 1 is poisson, more is burstier
   */
  static Gaps gamma(double rate, double cv) {
    double shape = 1 / (cv * cv);
    return random -> gammaOf(shape, random) / shape / rate;
  }

  /** Marsaglia and Tsang, "A simple method for generating gamma variables", 2000. */
  private static double gammaOf(double shape, RandomGenerator random) {
    if (shape < 1) {
      return gammaOf(shape + 1, random) * Math.pow(1 - random.nextDouble(), 1 / shape);
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = random.nextGaussian();
      double v = 1 + c * x;
      if (v > 0) {
        v = v * v * v;
        double u = 1 - random.nextDouble();
        if (Math.log(u) < x * x / 2 + d - d * v + d * Math.log(v)) {
          return d * v;
        }
      }
    }
  }
}
