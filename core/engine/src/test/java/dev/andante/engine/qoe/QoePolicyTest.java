package dev.andante.engine.qoe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.Reader;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.GenerationDelivery;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import dev.andante.engine.request.RequestTimes;
import dev.andante.engine.scheduler.Pace;
import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.engine.scheduler.StepTime;
import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.batch.BatchPolicy;
import dev.andante.qoe.batch.StarvationBound;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class QoePolicyTest {

  private static final int BLOCK = 4;
  private static final int BLOCKS = 20;
  private static final long STEP_NANOS = 20_000_000;

  private final BlockPool pool = new BlockPool(BLOCKS);
  private final Map<Request, QoeSpec> readers = new HashMap<>();
  private long now = 1_000_000_000;
  private long arrivals;

  private Scheduler scheduler(BatchPolicy policy, Duration interval) {
    return scheduler(policy, interval, 64);
  }

  private Scheduler scheduler(BatchPolicy policy, Duration interval, int maxBatchTokens) {
    QoePolicy.Limits limits = new QoePolicy.Limits(BLOCK, BLOCKS, 8);
    PrefixCache cache = new PrefixCache(pool, BLOCK, "m", (from, to) -> {}, true);
    return new Scheduler(
        cache,
        maxBatchTokens,
        8,
        8,
        new QoePolicy(policy, limits, cache, interval, readers::get, () -> now),
        Pace.free());
  }

  private Request request(int prompt, int maxTokens, QoeSpec reader) {
    int[] tokens = new int[prompt];
    Arrays.fill(tokens, (int) arrivals);
    Request request =
        new Request(
            new Attempt("r" + arrivals, 1),
            arrivals++,
            PromptTokens.of(tokens),
            SamplingParams.GREEDY,
            new StopParams(maxTokens, 0, true, Set.of()),
            StopMatcher.NONE,
            Set.of(),
            false,
            new GenerationDelivery(RequestListener.NONE),
            new BlockTable(pool, BLOCK),
            BLOCKS * BLOCK,
            new RequestTimes(now, Engine.NO_LIMIT));
    readers.put(request, reader);
    return request;
  }

  private StepPlan step(Scheduler scheduler) {
    StepPlan plan = scheduler.schedule();
    now += STEP_NANOS;
    for (ScheduledRequest one : plan.scheduled()) {
      boolean finished = one.samples() && one.request().append(7) != null;
      scheduler.update(one, 0);
      if (finished) {
        one.request().become(RequestState.FINISHED_LENGTH);
        scheduler.remove(one.request());
      }
    }
    scheduler.ran(plan, STEP_NANOS);
    return plan;
  }

  /** Within so many steps, and their blocks are free again. */
  private void finish(Scheduler scheduler, int steps, List<Request> requests) {
    for (int i = 0; i < steps && scheduler.hasWork(); i++) {
      step(scheduler);
    }
    assertThat(requests).extracting(Request::state).containsOnly(RequestState.FINISHED_LENGTH);
    assertThat(pool.free()).isEqualTo(BLOCKS);
  }

  @Test
  void whereThereIsRoomEverybodyRuns() {
    Scheduler scheduler = scheduler(BatchPolicy.DEFAULT, Duration.ZERO);
    for (int i = 0; i < 3; i++) {
      scheduler.add(request(4, 10, new QoeSpec(1, 5)));
    }
    assertThat(step(scheduler).scheduled()).hasSize(3);
    assertThat(step(scheduler).scheduled()).hasSize(3);
  }

  /** In steps of 8 rows a prompt of 40 takes five; a short one comes in between. */
  @Test
  void aShortPromptOvertakesALongOneThatIsUnderWay() {
    Scheduler scheduler = scheduler(BatchPolicy.DEFAULT, Duration.ZERO, 8);
    Request longOne = request(40, 2, new QoeSpec(1, 5));
    scheduler.add(longOne);
    step(scheduler);
    Request shortOne = request(12, 2, new QoeSpec(1, 5));
    scheduler.add(shortOne);
    assertThat(computed(step(scheduler))).isEqualTo(Map.of(shortOne, 8));
    assertThat(computed(step(scheduler))).isEqualTo(Map.of(shortOne, 4, longOne, 4));
    assertThat(computed(step(scheduler))).isEqualTo(Map.of(shortOne, 1, longOne, 7));
    assertThat(shortOne.state()).isEqualTo(RequestState.FINISHED_LENGTH);
    Request longer = request(24, 2, new QoeSpec(1, 5)); // than what is left of the long one
    scheduler.add(longer);
    assertThat(computed(step(scheduler))).isEqualTo(Map.of(longOne, 8));
    finish(scheduler, 20, List.of(longOne, longer));
  }

  /** Of those two, it goes before the second. */
  @Test
  void aPromptComesBetweenTwoThatAreUnderWay() {
    Scheduler scheduler = scheduler(BatchPolicy.DEFAULT, Duration.ZERO, 8);
    Request longOne = request(32, 2, new QoeSpec(1, 5));
    scheduler.add(longOne);
    step(scheduler);
    Request shortOne = request(12, 2, new QoeSpec(1, 5));
    scheduler.add(shortOne);
    assertThat(computed(step(scheduler))).isEqualTo(Map.of(shortOne, 8));
    Request between = request(10, 2, new QoeSpec(1, 5));
    scheduler.add(between);
    assertThat(computed(step(scheduler))).isEqualTo(Map.of(shortOne, 4, between, 4));
    assertThat(computed(step(scheduler))).isEqualTo(Map.of(shortOne, 1, between, 6, longOne, 1));
  }

  /** Short prompts take all rows, one each step of a second, for a minute. */
  @Test
  void whoWasOvertakenForTooLongGoesFirstUntilItHasAToken() {
    Scheduler scheduler = scheduler(BatchPolicy.DEFAULT, Duration.ZERO, 4);
    Request longOne = request(12, 2, new QoeSpec(1, 5));
    scheduler.add(longOne);
    step(scheduler);
    Map<Request, Integer> others = new HashMap<>();
    for (int second = 1; second < 60; second++) {
      now += 1_000_000_000 - STEP_NANOS;
      scheduler.add(request(4, 1, new QoeSpec(1, 5)));
      others.putAll(computed(step(scheduler)));
    }
    assertThat(others).hasSize(59).doesNotContainKey(longOne);
    List<Request> held = new ArrayList<>();
    for (int second = 60; second < 62; second++) {
      now += 1_000_000_000 - STEP_NANOS;
      held.add(request(4, 1, new QoeSpec(1, 5)));
      scheduler.add(held.getLast());
      assertThat(computed(step(scheduler))).isEqualTo(Map.of(longOne, 4));
    }
    assertThat(longOne.generated()).isEqualTo(1);
    held.add(longOne);
    finish(scheduler, 5, held);
  }

  private static Map<Request, Integer> computed(StepPlan plan) {
    return plan.scheduled().stream()
        .collect(Collectors.toMap(ScheduledRequest::request, ScheduledRequest::tokens));
  }

  @Test
  void whoHasMuchToReadGivesWayToANewcomer() {
    Scheduler scheduler =
        scheduler(BatchPolicy.DEFAULT.withStarvation(StarvationBound.NONE), Duration.ZERO);
    Request ahead = request(40, 30, new QoeSpec(1, 0.1));
    scheduler.add(ahead);
    for (int i = 0; i < 10; i++) {
      step(scheduler);
    }
    assertThat(ahead.generated()).isEqualTo(10); // read in 100 s, longer than the horizon
    Request newcomer = request(36, 5, new QoeSpec(1, 5));
    scheduler.add(newcomer);
    StepPlan plan = step(scheduler);
    assertThat(plan.scheduled()).extracting(ScheduledRequest::request).containsExactly(newcomer);
    assertThat(ahead.state()).isEqualTo(RequestState.PREEMPTED);
    finish(scheduler, 40, List.of(newcomer, ahead));
  }

  @Test
  void whoIsBehindDoesNotGiveWay() {
    Scheduler scheduler =
        scheduler(BatchPolicy.DEFAULT.withStarvation(StarvationBound.NONE), Duration.ZERO);
    Request behind = request(40, 30, new QoeSpec(0.01, 100));
    scheduler.add(behind);
    for (int i = 0; i < 10; i++) {
      step(scheduler);
    }
    scheduler.add(request(36, 5, new QoeSpec(100, 0.1))); // has time
    StepPlan plan = step(scheduler);
    assertThat(plan.scheduled()).extracting(ScheduledRequest::request).containsExactly(behind);
  }

  /** Between two decisions a newcomer waits, however urgent. */
  @Test
  void aDecisionStandsForAWhile() {
    Scheduler scheduler =
        scheduler(BatchPolicy.DEFAULT.withStarvation(StarvationBound.NONE), Duration.ofMillis(100));
    Request ahead = request(40, 40, new QoeSpec(1, 0.1));
    scheduler.add(ahead);
    for (int i = 0; i < 10; i++) {
      step(scheduler);
    }
    scheduler.add(request(36, 15, new QoeSpec(1, 5)));
    step(scheduler); // there was no pressure so far, so this one decides
    Request urgent = request(4, 3, new QoeSpec(0.001, 1000));
    scheduler.add(urgent);
    for (int i = 0; i < 4; i++) {
      assertThat(step(scheduler).scheduled())
          .extracting(ScheduledRequest::request)
          .doesNotContain(urgent);
    }
    assertThat(step(scheduler).scheduled()).extracting(ScheduledRequest::request).contains(urgent);
  }

  private Scheduler asStarted() {
    EngineConfig d = EngineFixture.DEFAULTS;
    EngineConfig config = d.toBuilder().blockSize(BLOCK).blocks(BLOCKS).maxBatchTokens(64).build();
    PrefixCache cache = new PrefixCache(pool, BLOCK, "m", (from, to) -> {}, true);
    return new Scheduler(
        cache,
        64,
        8,
        8,
        QoePolicy.source().create(config, cache, new StepTime(), () -> now, EngineObserver.NONE),
        Pace.free());
  }

  private Request readBy(Request request, Reader reader) {
    request.standing().reader(reader);
    return request;
  }

  /** Whether a newcomer takes the place of one that has 10 tokens. */
  private boolean givesWay(Reader present, Reader newcomer) {
    Scheduler scheduler = asStarted();
    Request first = readBy(request(40, 30, new QoeSpec(1, 1)), present);
    scheduler.add(first);
    for (int i = 0; i < 10; i++) {
      step(scheduler);
    }
    now += 11_000_000_000L; // who began to run less than 10 s ago stays
    Request second = readBy(request(36, 5, new QoeSpec(1, 1)), newcomer);
    scheduler.add(second);
    boolean gave =
        step(scheduler).scheduled().stream().anyMatch(one -> one.request().equals(second));
    scheduler.remove(first);
    scheduler.remove(second);
    return gave;
  }

  private static Reader reader(double ttftSeconds, double tokensPerSecond, Duration waited) {
    return new Reader(new QoeOverride(ttftSeconds, tokensPerSecond), waited, false);
  }

  @Test
  void whatReadersExpectDecidesAndTheRestIsAsForEverybody() {
    Reader slow = reader(1, 0.1, Duration.ZERO);
    Reader fast = reader(0.01, 100, Duration.ZERO);
    Reader patient = reader(100, 0.1, Duration.ZERO);
    assertThat(givesWay(slow, Reader.UNKNOWN)).isTrue();
    assertThat(givesWay(fast, patient)).isFalse();
    assertThat(givesWay(slow, patient)).isFalse();
  }

  /** Who fell behind with a whole answer can catch up; with a stream, the harm is done. */
  @Test
  void aWholeAnswerIsHeldUpAsLongAsItCanCatchUp() {
    QoeOverride asReader = new QoeOverride(1.0, 4.0);
    Reader stream = new Reader(asReader, Duration.ZERO, false);
    Reader whole = new Reader(asReader, Duration.ZERO, true);
    Reader newcomer = reader(0.5, 10, Duration.ZERO);
    assertThat(givesWay(stream, newcomer)).isFalse();
    assertThat(givesWay(whole, newcomer)).isTrue();
  }

  /** One who asked long before the request came here has no time left. */
  @Test
  void whatReadersWaitedElsewhereCounts() {
    Reader slow = reader(1, 0.1, Duration.ZERO);
    assertThat(givesWay(slow, reader(100, 0.1, Duration.ZERO))).isFalse();
    assertThat(givesWay(slow, reader(100, 0.1, Duration.ofSeconds(90)))).isTrue();
  }
}
