package dev.andante.engine;

import java.time.Duration;

/**
 * A request whose prompt is computed here and whose answer is generated elsewhere. One token is
 * sampled.
 *
 * @param timeLeft how long somebody waits for the token from now on, see {@link Engine#NO_LIMIT}
 */
public record PrefillJob(
    Attempt attempt,
    PromptTokens prompt,
    SamplingParams sampling,
    StopParams stop,
    Duration timeLeft) {

  /** Without a limit of time. */
  public PrefillJob(
      Attempt attempt, PromptTokens prompt, SamplingParams sampling, StopParams stop) {
    this(attempt, prompt, sampling, stop, Engine.NO_LIMIT);
  }
}
