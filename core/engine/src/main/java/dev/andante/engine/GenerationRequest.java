package dev.andante.engine;

import java.time.Duration;

/**
 * A request that this engine serves from prompt to answer.
 *
 * @param speculate whether drafts may be used
 * @param timeLeft how long somebody waits for the answer from now on, see {@link Engine#NO_LIMIT}
 */
public record GenerationRequest(
    Attempt attempt,
    PromptTokens prompt,
    SamplingParams sampling,
    StopParams stop,
    StopMatcher stopMatcher,
    boolean speculate,
    Duration timeLeft) {

  /** Without a limit of time. */
  public GenerationRequest(
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      StopParams stop,
      StopMatcher stopMatcher,
      boolean speculate) {
    this(attempt, prompt, sampling, stop, stopMatcher, speculate, Engine.NO_LIMIT);
  }
}
