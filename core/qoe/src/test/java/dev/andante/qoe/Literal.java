package dev.andante.qoe;

import java.util.List;

/** Both definitions as the papers write them, token by token: what the closed forms must equal. */
public final class Literal {

  private Literal() {}

  /** When each token is read: delays cascade. */
  public static double[] readTimes(QoeSpec spec, List<Double> arrivals) {
    double[] read = new double[arrivals.size()];
    for (int i = 0; i < read.length; i++) {
      double earliest = i == 0 ? spec.ttftSeconds() : read[i - 1] + 1 / spec.tokensPerSecond();
      read[i] = Math.max(arrivals.get(i), earliest);
    }
    return read;
  }

  public static double v2(QoeSpec spec, List<Double> arrivals) {
    double[] read = readTimes(spec, arrivals);
    double delays = 0;
    double whole = 0;
    for (int i = 0; i < read.length; i++) {
      delays += read[i] - (spec.ttftSeconds() + i / spec.tokensPerSecond());
      whole += read[i];
    }
    return 1 - delays / whole;
  }

  /** The two areas of v1, by integrating the curves until the last token is read. */
  public static double v1(QoeSpec spec, List<Double> arrivals, int steps) {
    double[] read = readTimes(spec, arrivals);
    double rate = spec.tokensPerSecond();
    double end = read[read.length - 1] + 1 / rate;
    double actual = 0;
    double expected = 0;
    for (int step = 0; step < steps; step++) {
      double time = end * (step + 0.5) / steps;
      for (double start : read) {
        actual += Math.clamp((time - start) * rate, 0.0, 1.0);
      }
      expected += Math.clamp((time - spec.ttftSeconds()) * rate, 0.0, (double) read.length);
    }
    return actual / expected;
  }

  public static Reading reading(QoeSpec spec, List<Double> arrivals) {
    Reading reading = Reading.none(spec);
    for (double arrival : arrivals) {
      reading = reading.with(arrival);
    }
    return reading;
  }
}
