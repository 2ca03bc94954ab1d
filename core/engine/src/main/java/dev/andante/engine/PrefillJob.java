package dev.andante.engine;

import java.time.Duration;

/**
 * A request whose prompt is computed here and whose answer is generated elsewhere. One token is
 * sampled.
 *
 * @param timeLeft how long somebody waits for the token from now on, see {@link Engine#NO_LIMIT}
 * @param priority how urgent it is beside others: higher goes first, 0 is usual; counts where the
 *     engine's policy heeds it
 */
public record PrefillJob(
    Attempt attempt,
    PromptTokens prompt,
    SamplingParams sampling,
    StopParams stop,
    Duration timeLeft,
    int priority) {

  /** Of the usual priority. */
  public PrefillJob(
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      StopParams stop,
      Duration timeLeft) {
    this(attempt, prompt, sampling, stop, timeLeft, 0);
  }

  /** Without a limit of time. */
  public PrefillJob(
      Attempt attempt, PromptTokens prompt, SamplingParams sampling, StopParams stop) {
    this(attempt, prompt, sampling, stop, Engine.NO_LIMIT);
  }
}
