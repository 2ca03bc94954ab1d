package dev.andante.engine;

import java.time.Duration;

/**
 * A request whose prompt is computed here and whose answer is generated elsewhere. One token is
 * sampled.
 *
 * @param timeLeft how long somebody waits for the token from now on, see {@link Engine#NO_LIMIT}
 * @param priority how urgent it is beside others: higher goes first, 0 is usual; counts where the
 *     engine's policy heeds it
 * @param reader who waits for the answer
 * @param kvFrom leading tokens whose KV nobody needs: they are computed, but the listener does not
 *     get theirs
 */
public record PrefillJob(
    Attempt attempt,
    PromptTokens prompt,
    SamplingParams sampling,
    StopParams stop,
    Duration timeLeft,
    int priority,
    Reader reader,
    int kvFrom) {

  /** All of whose KV is wanted. */
  public PrefillJob(
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      StopParams stop,
      Duration timeLeft,
      int priority,
      Reader reader) {
    this(attempt, prompt, sampling, stop, timeLeft, priority, reader, 0);
  }

  /** Of the usual priority, for a reader of whom nothing is known. */
  public PrefillJob(
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      StopParams stop,
      Duration timeLeft) {
    this(attempt, prompt, sampling, stop, timeLeft, 0, Reader.UNKNOWN);
  }

  /** Without a limit of time. */
  public PrefillJob(
      Attempt attempt, PromptTokens prompt, SamplingParams sampling, StopParams stop) {
    this(attempt, prompt, sampling, stop, Engine.NO_LIMIT);
  }

  /** The same job for somebody who has the KV of the first {@code tokens} tokens. */
  public PrefillJob withoutKvBefore(int tokens) {
    return new PrefillJob(attempt, prompt, sampling, stop, timeLeft, priority, reader, tokens);
  }
}
