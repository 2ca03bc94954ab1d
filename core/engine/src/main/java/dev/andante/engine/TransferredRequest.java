package dev.andante.engine;

import java.time.Duration;

/**
 * A request whose prompt's KV was committed under a handle.
 *
 * @param firstToken sampled by prefill; not reported again
 * @param timeLeft how long somebody waits for the answer from now on, see {@link Engine#NO_LIMIT}
 * @param priority how urgent it is beside others: higher goes first, 0 is usual; counts where the
 *     engine's policy heeds it
 */
public record TransferredRequest(
    Attempt attempt,
    String kvHandle,
    int firstToken,
    SamplingParams sampling,
    StopParams stop,
    StopMatcher stopMatcher,
    boolean speculate,
    Duration timeLeft,
    int priority,
    Reader reader) {

  /** Of the usual priority, for a reader of whom nothing is known. */
  public TransferredRequest(
      Attempt attempt,
      String kvHandle,
      int firstToken,
      SamplingParams sampling,
      StopParams stop,
      StopMatcher stopMatcher,
      boolean speculate,
      Duration timeLeft) {
    this(
        attempt,
        kvHandle,
        firstToken,
        sampling,
        stop,
        stopMatcher,
        speculate,
        timeLeft,
        0,
        Reader.UNKNOWN);
  }

  /** Without a limit of time. */
  public TransferredRequest(
      Attempt attempt,
      String kvHandle,
      int firstToken,
      SamplingParams sampling,
      StopParams stop,
      StopMatcher stopMatcher,
      boolean speculate) {
    this(attempt, kvHandle, firstToken, sampling, stop, stopMatcher, speculate, Engine.NO_LIMIT);
  }
}
