package dev.andante.qoe.batch;

import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.Reading;
import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.qoe.latency.DecodeLatency;
import dev.andante.qoe.latency.PrefillCoefficients;
import dev.andante.qoe.latency.PrefillLatency;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Requests and states for tests; times in seconds from 0. */
final class Requests {

  static final long SECOND = 1_000_000_000L;

  static final QoeSpec SPEC = new QoeSpec(1, 5);

  static final DecodeLatency FAST = new DecodeCoefficients(0.01, 1e-4, 0);

  static final Costs COSTS = recomputing(new PrefillCoefficients(0.01, 1e-4, 0));

  private Requests() {}

  /** Leaving takes no time, and coming back all that there is to compute. */
  static Costs recomputing(PrefillLatency prefill) {
    return new Costs() {
      @Override
      public double startSeconds(BatchRequest request) {
        return new SwapOrRecompute(prefill, 0).startSeconds(request);
      }

      @Override
      public double preemptSeconds(BatchRequest request) {
        return 0;
      }
    };
  }

  static long nanos(double seconds) {
    return Math.round(seconds * SECOND);
  }

  /** A request that came at a time and has waited ever since. */
  static BatchRequest waiting(long arrival, int tokens, double came) {
    return new BatchRequest(arrival, tokens, 0, Reading.none(SPEC), nanos(came), nanos(came));
  }

  /** A request that came at 0, ran at once and delivered its tokens at this pace. */
  static BatchRequest running(long arrival, int tokens, int delivered, double gap) {
    Reading reading = Reading.none(SPEC).with(0.5, gap, delivered);
    return new BatchRequest(arrival, tokens, 0, reading, 0, 0);
  }

  static BatchState state(
      double now, List<BatchRequest> running, List<BatchRequest> waiting, long capacity) {
    return new BatchState(
        nanos(now), running, waiting, capacity, 1000, FAST, COSTS, BatchState.History.NONE);
  }

  /** Anything that can be, with running requests that fit into memory. */
  static BatchState random(Random random) {
    long now = nanos(100);
    long capacity = 100L + random.nextInt(2000);
    int maxBatch = 1 + random.nextInt(30);
    List<BatchRequest> running = new ArrayList<>();
    List<BatchRequest> waiting = new ArrayList<>();
    long used = 0;
    for (int arrival = random.nextInt(40); arrival > 0; arrival--) {
      int tokens = 1 + random.nextInt(400);
      boolean runs = random.nextBoolean() && used + tokens <= capacity && running.size() < maxBatch;
      used += runs ? tokens : 0;
      (runs ? running : waiting).add(random(random, arrival, tokens));
    }
    return new BatchState(
        now,
        running,
        waiting,
        capacity,
        maxBatch,
        new DecodeCoefficients(0.02, random.nextDouble() * 0.03, 0),
        new SwapOrRecompute(new PrefillCoefficients(0.02, 1e-3, 0), 1e-4),
        new BatchState.History(
            50 + random.nextInt(50), random.nextInt(100), random.nextDouble() * 10));
  }

  private static BatchRequest random(Random random, long arrival, int tokens) {
    double came = random.nextDouble() * 100;
    QoeSpec spec = new QoeSpec(0.5 + random.nextDouble(), 1 + random.nextInt(8));
    int delivered = random.nextInt(3) == 0 ? 0 : random.nextInt(tokens);
    double share = random.nextDouble() * (100 - came) / Math.max(1, delivered);
    Reading reading = Reading.none(spec).with(random.nextDouble(), share, delivered);
    double since = came + random.nextDouble() * (100 - came);
    int cached = random.nextBoolean() ? 0 : random.nextInt(tokens + 1);
    return new BatchRequest(
        arrival,
        tokens,
        cached,
        reading,
        nanos(came),
        nanos(since),
        random.nextInt(tokens - cached + 1),
        random.nextInt(tokens + 1),
        delivered > 0,
        nanos(came + random.nextDouble() * (since - came)));
  }
}
