package dev.andante.simulator.trace;

import dev.andante.qoe.QoeOverride;
import java.util.List;

/**
 * One request of a trace.
 *
 * @param arrivalSeconds after the trace's first
 * @param inputTokens at least 1
 * @param outputTokens at least 1
 * @param prefix names of the prompt's parts of {@link #PREFIX_TOKENS} tokens, in order: prompts
 *     begin alike as far as their names do. Empty if nothing is shared
 * @param reader what the trace says of its reader
 */
public record TraceRequest(
    double arrivalSeconds,
    int inputTokens,
    int outputTokens,
    List<Long> prefix,
    QoeOverride reader) {

  /** Tokens that a name in {@link #prefix} stands for, as in Mooncake's traces. */
  public static final int PREFIX_TOKENS = 512;

  public TraceRequest {
    if (!(arrivalSeconds >= 0) || Double.isInfinite(arrivalSeconds)) {
      throw new IllegalArgumentException("a request cannot arrive at " + arrivalSeconds + " s");
    }
    if (inputTokens < 1 || outputTokens < 1) {
      throw new IllegalArgumentException(
          "a request has at least 1 token in and out, not " + inputTokens + " and " + outputTokens);
    }
    prefix = List.copyOf(prefix);
  }

  public long totalTokens() {
    return (long) inputTokens + outputTokens;
  }

  public TraceRequest arrivingAt(double seconds) {
    return new TraceRequest(seconds, inputTokens, outputTokens, prefix, reader);
  }

  public TraceRequest readBy(QoeOverride other) {
    return new TraceRequest(arrivalSeconds, inputTokens, outputTokens, prefix, other);
  }

  /** Of a different length; what is shared is that much longer or shorter too. */
  public TraceRequest scaled(double factor) {
    return new TraceRequest(
        arrivalSeconds, scale(inputTokens, factor), scale(outputTokens, factor), prefix, reader);
  }

  private static int scale(int tokens, double factor) {
    return Math.clamp(Math.round(tokens * factor), 1, Integer.MAX_VALUE);
  }
}
