package dev.andante.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.Scheduling;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** With steps of a millisecond unless a test says otherwise. */
class SkipJoinMlfqTest {

  private static final int PERIOD = 100;
  private static final Scheduling PARAMETERS =
      new Scheduling(
          Scheduling.Policy.MLFQ,
          Duration.ZERO,
          Duration.ofMillis(10),
          2,
          PERIOD,
          Duration.ZERO,
          16);

  private int demotions;
  private int promotions;

  private final EngineObserver observer =
      new EngineObserver() {
        @Override
        public void onDemotion() {
          demotions++;
        }

        @Override
        public void onPromotion() {
          promotions++;
        }
      };

  private Server server(int blocks, int maxBatchTokens, int maxSequences) {
    return new Server(
        blocks,
        maxBatchTokens,
        maxSequences,
        server ->
            new SkipJoinMlfq(PARAMETERS, maxBatchTokens, server.stepTime, server.clock, observer));
  }

  @Test
  void whoHasUsedMoreThanItsQuantumGoesOneQueueDown() {
    Server server = server(100, 64, 4);
    Request request = server.add(1, 1000);
    server.step(10);
    server.plan();
    assertThat(request.standing().level()).as("10 ms are the quantum").isZero();
    server = server(100, 64, 4);
    request = server.add(1, 1000);
    server.step(10.000001);
    server.plan();
    assertThat(request.standing().level()).as("a nanosecond more").isEqualTo(1);
    assertThat(demotions).isEqualTo(1);
  }

  @Test
  void theNextQuantumIsTwiceAsLongAndCountsFromZero() {
    Server server = server(100, 64, 4);
    Request request = server.add(1, 1000);
    for (int i = 0; i < 11 + 20; i++) {
      server.step(1);
    }
    server.plan();
    assertThat(request.standing().level()).isEqualTo(1);
    server.step(1);
    server.plan();
    assertThat(request.standing().level()).isEqualTo(2);
  }

  @Test
  void aPromptJoinsTheFirstQueueItFitsInto() {
    Server server = server(2000, 5000, 8);
    // by the prior of the step model: 8 ms + 0.5 ms for each token
    List<Request> requests =
        List.of(server.add(1, 9), server.add(20, 9), server.add(60, 9), server.add(200, 9));
    server.plan();
    assertThat(requests).extracting(one -> one.standing().level()).containsExactly(0, 1, 2, 4);
  }

  @Test
  void aShortJobBehindALongPromptFinishesFirst() {
    Server server = server(2000, 64, 1);
    Request prompt = server.add(4000, 2);
    server.step(1);
    assertThat(prompt.state()).isEqualTo(RequestState.RUNNING);
    Request job = server.add(1, 1);
    server.runDry(1);
    assertThat(server.finished).containsExactly(job, prompt);
    assertThat(server.rows(prompt)).as("nothing is computed twice").isEqualTo(4001);
  }

  @Test
  void aShortPromptGetsTheRowsOfALongOneThatIsUnderWay() {
    Server server = server(2000, 64, 4);
    Request prompt = server.add(4000, 2);
    server.step(1);
    Request job = server.add(4, 1);
    StepPlan plan = server.step(1);
    assertThat(plan.scheduled())
        .extracting(ScheduledRequest::request, ScheduledRequest::tokens)
        .containsExactly(tuple(job, 4), tuple(prompt, 60));
  }

  @Test
  void whoIsDisplacedKeepsItsBlocksAndGoesOnAfterwards() {
    Server server = server(100, 64, 1);
    Request old = server.add(1, 40);
    for (int i = 0; i < 12; i++) {
      server.step(1);
    }
    Request fresh = server.add(1, 3);
    server.step(1);
    assertThat(fresh.state()).isEqualTo(RequestState.RUNNING);
    assertThat(old.state()).isEqualTo(RequestState.PAUSED);
    assertThat(old.blocks().size()).isPositive();
    server.runDry(1);
    assertThat(server.finished).containsExactly(fresh, old);
    assertThat(server.rows(old)).isEqualTo(40);
  }

  @Test
  void whoIsDisplacedLosesItsBlocksIfTheyAreNeeded() {
    Server server = server(8, 64, 2);
    Request old = server.add(1, 30);
    for (int i = 0; i < 20; i++) {
      server.step(1);
    }
    Request fresh = server.add(12, 3);
    StepPlan plan = server.step(1);
    assertThat(plan.preempted()).containsExactly(old);
    assertThat(plan.admitted()).extracting(StepPlan.Admitted::request).containsExactly(fresh);
    server.runDry(1);
    assertThat(server.finished).containsExactly(fresh, old);
  }

  @Test
  void whoIsDemotedGoesToTheFront() {
    Server server = server(100, 64, 1);
    Request waiting = server.add(20, 30); // in queue 1
    Request first = server.add(1, 50);
    for (int i = 0; i < 11; i++) {
      server.step(1);
    }
    StepPlan plan = server.plan();
    assertThat(first.standing().level()).isEqualTo(1);
    assertThat(waiting.standing().level()).isEqualTo(1);
    assertThat(plan.scheduled()).extracting(ScheduledRequest::request).containsExactly(first);
  }

  /**
   * Short jobs come faster than they can be served, and one long prompt waits. It is lifted to the
   * first queue within 3 s and a period, and then has to wait for nobody longer than a quantum.
   */
  @Property(tries = 40)
  void nobodyStarves(
      @ForAll @IntRange(min = 1, max = 4) int maxSequences,
      @ForAll @IntRange(min = 100, max = 900) int prompt,
      @ForAll long seed) {
    Server server = server(2000, 64, maxSequences);
    Random random = new Random(seed);
    Request starving = server.add(prompt, 1);
    double step = 5;
    double waited = 0;
    double longest = 0;
    int rows = 0;
    while (!server.finished.contains(starving)) {
      while (server.waiting() < 3 * maxSequences) {
        server.add(1 + random.nextInt(3), 2);
      }
      server.step(step);
      waited = server.rows(starving) > rows ? 0 : waited + step;
      rows = server.rows(starving);
      longest = Math.max(longest, waited);
    }
    assertThat(longest).isLessThanOrEqualTo(3000 + PERIOD * step + 10 + 2 * step);
    assertThat(promotions).isPositive();
  }

  @Test
  void thoseWhoStarvedLongestComeFirst() {
    Server server = server(2000, 64, 1);
    Request running = server.add(1000, 100);
    Request one = server.add(1500, 1);
    server.clock.advance(Duration.ofSeconds(1));
    Request other = server.add(1500, 1);
    server.clock.advance(Duration.ofSeconds(3));
    Request late = server.add(1500, 1);
    for (int i = 0; i < PERIOD; i++) {
      server.step(0.001);
    }
    assertThat(List.of(one, other)).allMatch(request -> request.standing().level() == 0);
    assertThat(List.of(running, late)).noneMatch(request -> request.standing().level() == 0);
    assertThat(one.standing()).isLessThan(other.standing());
  }
}
