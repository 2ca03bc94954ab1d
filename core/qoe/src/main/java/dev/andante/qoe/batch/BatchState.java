package dev.andante.qoe.batch;

import dev.andante.qoe.latency.DecodeLatency;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Everything a decision depends on, at one moment.
 *
 * @param running in any order
 * @param waiting never run or preempted, in any order
 * @param capacityTokens M, KV tokens that fit into memory
 * @param maxBatch greatest number of requests that may run at once, at least 1
 * @param decode time between two tokens of a batch
 * @param history for the rules that cap preemptions and spread promotions
 */
public record BatchState(
    long nowNanos,
    List<BatchRequest> running,
    List<BatchRequest> waiting,
    long capacityTokens,
    int maxBatch,
    DecodeLatency decode,
    Costs costs,
    History history) {

  /**
   * What came before.
   *
   * @param requests how many there ever were, these included
   * @param preemptions how many of them there ever were
   * @param secondsSincePromotion since a request was last {@link BatchDecision#promoted} for the
   *     first time, not negative; infinite if none was
   * @param promoted arrival of the one that was and has had no token since
   */
  public record History(
      long requests, long preemptions, double secondsSincePromotion, OptionalLong promoted) {

    /** Nobody waits for what a promotion was to bring. */
    public History(long requests, long preemptions, double secondsSincePromotion) {
      this(requests, preemptions, secondsSincePromotion, OptionalLong.empty());
    }

    /** Nothing yet. */
    public static final History NONE = new History(0, 0, Double.POSITIVE_INFINITY);

    public History {
      if (requests < 0 || preemptions < 0 || !(secondsSincePromotion >= 0)) {
        throw new IllegalArgumentException(
            "a history has no negative counts or times, not %d, %d and %s"
                .formatted(requests, preemptions, secondsSincePromotion));
      }
    }

    boolean hasPromoted(BatchRequest request) {
      return promoted.isPresent() && promoted.getAsLong() == request.arrival();
    }
  }

  public BatchState {
    running = List.copyOf(running);
    waiting = List.copyOf(waiting);
    if (capacityTokens < 1 || maxBatch < 1) {
      throw new IllegalArgumentException(
          "capacity and maxBatch must be at least 1, not " + capacityTokens + " and " + maxBatch);
    }
    Set<Long> arrivals = new HashSet<>();
    running.forEach(request -> requireNew(arrivals, request));
    waiting.forEach(request -> requireNew(arrivals, request));
  }

  private static void requireNew(Set<Long> arrivals, BatchRequest request) {
    if (!arrivals.add(request.arrival())) {
      throw new IllegalArgumentException("two requests share arrival " + request.arrival());
    }
  }

  static long tokens(List<BatchRequest> requests) {
    return requests.stream().mapToLong(BatchRequest::contextTokens).sum();
  }
}
