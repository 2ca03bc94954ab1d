package dev.andante.qoe.admission;

import dev.andante.qoe.latency.DecodeLatency;
import dev.andante.qoe.latency.PrefillLatency;
import java.util.OptionalDouble;

/**
 * Predicts and judges. The time to first token is the queue's work and the prompt's own; the time
 * between tokens is that of the batch which will be decoding when the prompt is done, not of the
 * one that decodes now: judging by the present load lets prefill and decode fill up in turns.
 */
public final class EarlyRejection {

  /** Sums of durations are not exact: asking again this much later is safe. */
  private static final double MARGIN_SECONDS = 1e-6;

  private final PrefillLatency prefill;
  private final DecodeLatency decode;

  public EarlyRejection(PrefillLatency prefill, DecodeLatency decode) {
    this.prefill = prefill;
    this.decode = decode;
  }

  /**
   * @param promptTokens at least 1
   * @param cachedTokens of these, whose KV the worker has
   */
  public Verdict judge(WorkerLoad load, ServiceLimits limits, int promptTokens, int cachedTokens) {
    if (cachedTokens < 0 || cachedTokens > promptTokens || promptTokens < 1) {
      throw new IllegalArgumentException(
          "a prompt has at least one token and at most as many cached, not "
              + promptTokens
              + " and "
              + cachedTokens);
    }
    int cached = Math.min(cachedTokens, promptTokens - 1);
    double own = prefill.seconds(promptTokens - cached, cached);
    double ttft = load.prefillQueueSeconds() + own;
    Forecast forecast = new Forecast(ttft, tbt(load, ttft, promptTokens));
    boolean late = ttft > limits.ttftSeconds();
    if (!late && forecast.tbtSeconds() <= limits.tbtSeconds()) {
      return new Verdict.Accept(forecast);
    }
    return new Verdict.Reject(
        forecast,
        late ? Verdict.Limit.TTFT : Verdict.Limit.TBT,
        retryAfter(load, limits, promptTokens, own));
  }

  /** The time between tokens for a request whose first token comes in {@code seconds}. */
  private double tbt(WorkerLoad load, double seconds, int promptTokens) {
    long others = load.decodingIn(seconds);
    return decode.seconds(others + 1, Math.round(others * load.meanContextTokens()) + promptTokens);
  }

  /** If nobody else comes, limits are first kept when the queue is short or when an answer ends. */
  private OptionalDouble retryAfter(
      WorkerLoad load, ServiceLimits limits, int promptTokens, double own) {
    if (own > limits.ttftSeconds()) {
      return OptionalDouble.empty();
    }
    double queue = load.prefillQueueSeconds();
    double ask = Math.max(0, queue + own - limits.ttftSeconds());
    double firstToken = Math.max(ask, queue) + own;
    if (tbt(load, firstToken, promptTokens) <= limits.tbtSeconds()) {
      return OptionalDouble.of(ask + MARGIN_SECONDS);
    }
    for (double end : load.endsInSeconds()) {
      if (end > firstToken && tbt(load, end, promptTokens) <= limits.tbtSeconds()) {
        return OptionalDouble.of(end - own + MARGIN_SECONDS);
      }
    }
    return OptionalDouble.empty();
  }
}
