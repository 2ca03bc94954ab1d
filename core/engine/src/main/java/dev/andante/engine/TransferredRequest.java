package dev.andante.engine;

import java.time.Duration;
import java.util.List;

/**
 * A request whose prompt's KV was committed under a handle.
 *
 * @param firstToken that follows the KV; sampled elsewhere, not reported again
 * @param following tokens of the answer after that one, if others are known by now; they are
 *     computed here and not reported again
 * @param timeLeft how long somebody waits for the answer from now on, see {@link Engine#NO_LIMIT}
 * @param priority how urgent it is beside others: higher goes first, 0 is usual; counts where the
 *     engine's policy heeds it
 */
public record TransferredRequest(
    Attempt attempt,
    String kvHandle,
    int firstToken,
    List<Integer> following,
    SamplingParams sampling,
    StopParams stop,
    StopMatcher stopMatcher,
    boolean speculate,
    Duration timeLeft,
    int priority,
    Reader reader) {

  public TransferredRequest {
    following = List.copyOf(following);
  }

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
        List.of(),
        sampling,
        stop,
        stopMatcher,
        speculate,
        timeLeft,
        0,
        Reader.UNKNOWN);
  }

  /** The same request, of an answer of which more is known. */
  public TransferredRequest followedBy(List<Integer> tokens) {
    return new TransferredRequest(
        attempt,
        kvHandle,
        firstToken,
        tokens,
        sampling,
        stop,
        stopMatcher,
        speculate,
        timeLeft,
        priority,
        reader);
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
