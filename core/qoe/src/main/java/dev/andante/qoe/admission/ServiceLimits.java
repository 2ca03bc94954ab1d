package dev.andante.qoe.admission;

/**
 * What a request is promised.
 *
 * @param ttftSeconds greatest time to first token, positive
 * @param tbtSeconds greatest time between tokens, positive
 */
public record ServiceLimits(double ttftSeconds, double tbtSeconds) {

  public ServiceLimits {
    if (!(ttftSeconds > 0 && tbtSeconds > 0)) {
      throw new IllegalArgumentException(
          "limits must be positive, not " + ttftSeconds + " and " + tbtSeconds);
    }
  }
}
