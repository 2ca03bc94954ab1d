package dev.andante.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.FinishReason;
import dev.andante.engine.Scheduling;
import dev.andante.engine.fake.FakeClock;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;

/** Invariants of stall-free batching over random workloads, whatever the policy and the pace. */
class SchedulerPropertyTest {

  private static final int MAX_STEPS = 5000;

  enum Policy {
    FCFS,
    PRIORITY,
    MLFQ,
    /** Changes its mind about everything in every step. */
    MOODY
  }

  @Property(tries = 800)
  void invariantsHoldAndEverythingFinishes(
      @ForAll long seed,
      @ForAll Policy kind,
      @ForAll boolean paced,
      @ForAll @IntRange(min = 1, max = 5) int blockSize,
      @ForAll @IntRange(min = 3, max = 30) int blocks,
      @ForAll @IntRange(min = 1, max = 20) int maxBatchTokens,
      @ForAll @IntRange(min = 1, max = 6) int maxSequences) {
    Random random = new Random(seed);
    BlockPool pool = new BlockPool(blocks);
    int maxLogitRows = maxSequences + random.nextInt(8);
    // All tokens are alike, so where there is a cache everything that can be shared is.
    PrefixCache cache =
        new PrefixCache(pool, blockSize, "m", (from, to) -> {}, random.nextBoolean());
    FakeClock clock = new FakeClock();
    StepTime stepTime = new StepTime();
    Scheduler scheduler =
        new Scheduler(
            cache,
            maxBatchTokens,
            maxSequences,
            maxLogitRows,
            policy(kind, random, maxBatchTokens, stepTime, clock),
            paced ? new Pace(Duration.ofMillis(9), 1 + random.nextInt(4), stepTime) : Pace.free());
    int arrivals = 12;
    Set<Request> live = new HashSet<>();
    long arrival = 0;
    int steps = 0;
    while (arrival < arrivals || !live.isEmpty()) {
      assertThat(steps++).as("steps").isLessThan(MAX_STEPS);
      if (arrival < arrivals && random.nextInt(3) == 0) {
        int prompt = 1 + random.nextInt(Math.max(1, blocks * blockSize / 2));
        Request request =
            TestRequests.request(pool, blockSize, arrival++, prompt, 1 + random.nextInt(25));
        request.standing().priority(random.nextInt(3) - 1);
        live.add(request);
        if (random.nextInt(4) == 0 && prompt > 1 && request.blocks().ensure(prompt)) {
          request.computed(prompt - 1);
          scheduler.join(request);
        } else {
          scheduler.add(request);
        }
      }
      for (Request request : live) {
        if (request.state() == RequestState.RUNNING && random.nextBoolean()) {
          request.drafts(new int[random.nextInt(5)]);
        }
      }
      @Nullable Request oldest =
          live.stream().min((a, b) -> Long.compare(a.arrival(), b.arrival())).orElse(null);
      StepPlan plan = scheduler.schedule();
      check(plan, scheduler.runningRequests(), maxBatchTokens, maxLogitRows, maxSequences);
      // a prompt may have to wait while decodes fill the budget
      if (kind == Policy.FCFS
          && !paced
          && oldest != null
          && oldest.state() == RequestState.RUNNING
          && (oldest.decoding() || plan.rows() < maxBatchTokens)) {
        assertThat(plan.scheduled()).extracting(ScheduledRequest::request).contains(oldest);
      }
      for (ScheduledRequest one : plan.scheduled()) {
        apply(one, scheduler, live, random);
      }
      Duration took = Duration.ofMillis(random.nextInt(8)).plusNanos(1);
      clock.advance(took);
      scheduler.ran(plan, took.toNanos());
      checkPool(pool, live);
    }
    assertThat(pool.free()).isEqualTo(blocks);
    assertThat(scheduler.hasWork()).isFalse();
  }

  private static SchedulingPolicy policy(
      Policy kind, Random random, int maxBatchTokens, StepTime stepTime, FakeClock clock) {
    Duration starvation = Duration.ofMillis(50);
    return switch (kind) {
      case FCFS -> new FirstComeFirstServed();
      case PRIORITY -> new ByPriority(starvation, clock, EngineObserver.NONE);
      case MLFQ ->
          new SkipJoinMlfq(
              new Scheduling(
                  Scheduling.Policy.MLFQ,
                  starvation,
                  Duration.ofMillis(10),
                  2,
                  1 + random.nextInt(20),
                  Duration.ZERO,
                  1),
              maxBatchTokens,
              stepTime,
              clock,
              EngineObserver.NONE);
      case MOODY -> request -> random.nextInt(4) == 0 ? SchedulingPolicy.HELD : random.nextInt(4);
    };
  }

  private static void check(
      StepPlan plan,
      List<Request> running,
      int maxBatchTokens,
      int maxLogitRows,
      int maxSequences) {
    Set<Request> seen = new HashSet<>();
    int decodes = 0;
    int logitRows = 0;
    for (ScheduledRequest one : plan.scheduled()) {
      Request request = one.request();
      assertThat(seen.add(request)).as("scheduled once").isTrue();
      assertThat(request.state()).isEqualTo(RequestState.RUNNING);
      assertThat(one.context()).isEqualTo(request.computed());
      assertThat(one.tokens()).isBetween(1, request.pending());
      assertThat(request.blocks().capacity()).isGreaterThanOrEqualTo(one.context() + one.rows());
      assertThat(one.drafts() == 0 || one.drafts() < request.remaining()).isTrue();
      decodes += request.decoding() ? 1 : 0;
      logitRows += one.logitRows();
    }
    assertThat(plan.rows()).isLessThanOrEqualTo(Math.max(maxBatchTokens, decodes));
    assertThat(logitRows).isLessThanOrEqualTo(maxLogitRows);
    assertThat(running).hasSizeLessThanOrEqualTo(maxSequences);
    for (Request request : running) {
      assertThat(!request.decoding() || seen.contains(request)).as("no decode stalls").isTrue();
    }
  }

  private static void apply(
      ScheduledRequest one, Scheduler scheduler, Set<Request> live, Random random) {
    Request request = one.request();
    int accepted = 0;
    @Nullable FinishReason finished = null;
    if (one.samples()) {
      int tokens = 1 + (one.drafts() == 0 ? 0 : random.nextInt(one.drafts() + 1));
      for (int i = 0; i < tokens && finished == null; i++) {
        finished = request.append(0);
        accepted = i;
      }
    }
    scheduler.update(one, accepted);
    if (finished != null || random.nextInt(60) == 0) {
      request.become(RequestState.FINISHED_LENGTH);
      scheduler.remove(request);
      live.remove(request);
    }
  }

  private static void checkPool(BlockPool pool, Set<Request> live) {
    int[] owned = new int[pool.total()];
    live.forEach(request -> request.blocks().countInto(owned));
    pool.checkIntegrity(owned);
  }
}
