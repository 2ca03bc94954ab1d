package dev.andante.engine;

import java.time.Duration;

/**
 * A request that this engine serves from prompt to answer.
 *
 * @param speculate whether drafts may be used
 * @param timeLeft how long somebody waits for the answer from now on, see {@link Engine#NO_LIMIT}
 * @param priority how urgent it is beside others: higher goes first, 0 is usual; counts where the
 *     engine's policy heeds it
 */
public record GenerationRequest(
    Attempt attempt,
    PromptTokens prompt,
    SamplingParams sampling,
    StopParams stop,
    StopMatcher stopMatcher,
    boolean speculate,
    Duration timeLeft,
    int priority,
    Reader reader) {

  /** Of the usual priority, for a reader of whom nothing is known. */
  public GenerationRequest(
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      StopParams stop,
      StopMatcher stopMatcher,
      boolean speculate,
      Duration timeLeft) {
    this(attempt, prompt, sampling, stop, stopMatcher, speculate, timeLeft, 0, Reader.UNKNOWN);
  }

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
