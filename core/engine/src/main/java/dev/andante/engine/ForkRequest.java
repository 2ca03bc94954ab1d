package dev.andante.engine;

import java.time.Duration;

/**
 * Another answer to what an answer under way begins with. It shares the KV of these tokens and
 * computes only the last of them; from there on each goes its own way.
 *
 * @param of the answer under way
 * @param tokens how many of its tokens, from the first, this one begins with: at least 1, at most
 *     all that are known by then. Those after the prompt count as generated
 * @param speculate whether drafts may be used
 * @param timeLeft how long somebody waits for the answer from now on, see {@link Engine#NO_LIMIT}
 * @param priority how urgent it is beside others: higher goes first, 0 is usual; counts where the
 *     engine's policy heeds it
 */
public record ForkRequest(
    Attempt attempt,
    Attempt of,
    int tokens,
    SamplingParams sampling,
    StopParams stop,
    StopMatcher stopMatcher,
    boolean speculate,
    Duration timeLeft,
    int priority,
    Reader reader) {

  public ForkRequest {
    if (tokens < 1) {
      throw new IllegalArgumentException("tokens must be at least 1, not " + tokens);
    }
  }

  /** Of the usual priority and without a limit of time, for a reader of whom nothing is known. */
  public ForkRequest(
      Attempt attempt,
      Attempt of,
      int tokens,
      SamplingParams sampling,
      StopParams stop,
      StopMatcher stopMatcher,
      boolean speculate) {
    this(
        attempt,
        of,
        tokens,
        sampling,
        stop,
        stopMatcher,
        speculate,
        Engine.NO_LIMIT,
        0,
        Reader.UNKNOWN);
  }
}
