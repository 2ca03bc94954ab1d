package dev.andante.qoe.admission;

import java.util.OptionalDouble;

/** Whether a request may start. */
public sealed interface Verdict {

  Forecast forecast();

  record Accept(Forecast forecast) implements Verdict {}

  /**
   * @param limit the one that would be broken; time to first token if both would
   * @param retryAfterSeconds from when on the same request would be accepted if nobody else came;
   *     empty if not even an idle worker keeps the limits, so that asking again is no use
   */
  record Reject(Forecast forecast, Limit limit, OptionalDouble retryAfterSeconds)
      implements Verdict {}

  enum Limit {
    TTFT,
    TBT
  }
}
