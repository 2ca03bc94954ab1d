package dev.andante.qoe.estimate;

import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.Reading;

/**
 * The cheap estimate in the code that the authors of Andes released, to compare with. With E tokens
 * expected and n generated at the horizon, QoE is about {@code 1 - ((E - n)/E)²}; a request that is
 * ahead and is served fast enough stays perfect; one without a token is perfect until its time to
 * first token is over. Having more than expected counts as having what is expected. Knows neither
 * how late earlier tokens were nor what a start costs.
 */
public record ReleasedEstimator() implements QoeEstimator {

  @Override
  public double now(Outlook outlook) {
    return ifWaiting(outlook, 0, 0);
  }

  @Override
  public double ifServed(Outlook outlook, double latencySeconds, double horizonSeconds) {
    Reading reading = outlook.reading();
    QoeSpec spec = reading.spec();
    boolean ahead =
        reading.tokens() > 0 && reading.lastArrivalSeconds() <= spec.idealSeconds(reading.tokens());
    if (ahead && latencySeconds <= spec.secondsPerToken()) {
      return 1;
    }
    return share(outlook, horizonSeconds, reading.tokens() + horizonSeconds / latencySeconds);
  }

  @Override
  public double ifWaiting(Outlook outlook, double latencySeconds, double horizonSeconds) {
    Reading reading = outlook.reading();
    if (reading.tokens() == 0) {
      return outlook.ageSeconds() + horizonSeconds <= reading.spec().ttftSeconds() ? 1 : 0;
    }
    return share(outlook, horizonSeconds, (double) reading.tokens());
  }

  private static double share(Outlook outlook, double horizonSeconds, double generated) {
    double expected =
        (outlook.ageSeconds() + horizonSeconds) * outlook.reading().spec().tokensPerSecond();
    if (generated >= expected) {
      return 1;
    }
    double missing = (expected - generated) / expected;
    return 1 - missing * missing;
  }
}
