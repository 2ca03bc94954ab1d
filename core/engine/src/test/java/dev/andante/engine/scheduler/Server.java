package dev.andante.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.FinishReason;
import dev.andante.engine.fake.FakeClock;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A scheduler whose steps take what a test says, and whose tokens are all 0. */
final class Server {

  static final int BLOCK = 4;

  final FakeClock clock = new FakeClock();
  final StepTime stepTime = new StepTime();
  final BlockPool pool;
  final List<Request> finished = new ArrayList<>();
  private final Map<Request, Integer> rows = new HashMap<>();
  private final Scheduler scheduler;
  private long arrivals;

  interface Policies {
    SchedulingPolicy create(Server server);
  }

  Server(int blocks, int maxBatchTokens, int maxSequences, Policies policies) {
    this(blocks, maxBatchTokens, maxSequences, Duration.ZERO, policies);
  }

  Server(int blocks, int maxBatchTokens, int maxSequences, Duration target, Policies policies) {
    pool = new BlockPool(blocks);
    PrefixCache off = new PrefixCache(pool, BLOCK, "m", (from, to) -> {}, false);
    scheduler =
        new Scheduler(
            off,
            maxBatchTokens,
            maxSequences,
            Math.max(maxBatchTokens, maxSequences),
            policies.create(this),
            new Pace(target, 16, stepTime));
  }

  Request add(int prompt, int maxTokens) {
    return add(prompt, maxTokens, 0);
  }

  Request add(int prompt, int maxTokens, int priority) {
    Request request = TestRequests.request(pool, BLOCK, arrivals++, prompt, maxTokens);
    request.standing().priority(priority);
    scheduler.add(request);
    return request;
  }

  /** Runs one step that takes so many milliseconds. */
  StepPlan step(double millis) {
    StepPlan plan = scheduler.schedule();
    book(plan, Duration.ofNanos(Math.round(millis * 1e6)));
    return plan;
  }

  /** What the next step would be; it must be booked. */
  StepPlan plan() {
    return scheduler.schedule();
  }

  void book(StepPlan plan, Duration took) {
    clock.advance(took);
    for (ScheduledRequest one : plan.scheduled()) {
      Request request = one.request();
      rows.merge(request, one.rows(), Integer::sum);
      FinishReason reason = one.samples() ? request.append(0) : null;
      scheduler.update(one, 0);
      if (reason != null) {
        request.become(RequestState.FINISHED_LENGTH);
        scheduler.remove(request);
        finished.add(request);
      }
    }
    scheduler.ran(plan, took.toNanos());
  }

  int waiting() {
    return scheduler.waiting();
  }

  /** Rows computed for a request so far, those computed again included. */
  int rows(Request request) {
    return rows.getOrDefault(request, 0);
  }

  void runDry(double millis) {
    for (int steps = 0; scheduler.hasWork(); steps++) {
      assertThat(steps).as("steps").isLessThan(10_000);
      step(millis);
    }
    assertThat(pool.free()).isEqualTo(pool.total());
  }
}
