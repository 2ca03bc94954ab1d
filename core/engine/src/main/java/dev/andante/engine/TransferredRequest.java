package dev.andante.engine;

import java.time.Duration;

/**
 * A request whose prompt's KV was committed under a handle.
 *
 * @param firstToken sampled by prefill; not reported again
 * @param timeLeft how long somebody waits for the answer from now on, see {@link Engine#NO_LIMIT}
 */
public record TransferredRequest(
    Attempt attempt,
    String kvHandle,
    int firstToken,
    SamplingParams sampling,
    StopParams stop,
    StopMatcher stopMatcher,
    boolean speculate,
    Duration timeLeft) {

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
