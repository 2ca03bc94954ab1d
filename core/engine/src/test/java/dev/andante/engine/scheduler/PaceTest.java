package dev.andante.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.request.Request;
import dev.andante.qoe.latency.DecodeCoefficients;
import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PaceTest {

  private static final int MIN_CHUNK = 16;

  /** What a step of the machine takes that the scheduler must get to know, in seconds. */
  private static double truth(StepPlan plan) {
    double seconds = 4e-3;
    for (ScheduledRequest one : plan.scheduled()) {
      seconds += one.rows() * 2e-4 + StepTime.pairs(one.context(), one.rows()) * 2e-7;
    }
    return seconds;
  }

  @Test
  void promptsAreCutSoThatStepsHoldTheTarget() {
    Server server =
        new Server(4000, 512, 8, Duration.ofMillis(30), ignored -> new FirstComeFirstServed());
    server.add(4, 600);
    int cut = 0;
    for (int step = 0; step < 300; step++) {
      if (step % 30 == 0) {
        server.add(1500, 5);
      }
      StepPlan plan = server.plan();
      double seconds = truth(plan);
      if (step > 100) {
        assertThat(seconds).isLessThanOrEqualTo(30e-3 * 1.05);
        cut += plan.cut() ? 1 : 0;
        assertThat(!plan.cut() || seconds > 30e-3 * 0.7).as("no smaller than need be").isTrue();
      }
      server.book(plan, Duration.ofNanos(Math.round(seconds * 1e9)));
    }
    assertThat(cut).isPositive();
  }

  @Test
  void withoutDecodesPromptsGetAllRows() {
    Server server =
        new Server(4000, 512, 8, Duration.ofMillis(1), ignored -> new FirstComeFirstServed());
    server.add(1500, 5);
    StepPlan plan = server.plan();
    assertThat(plan.rows()).isEqualTo(512);
    assertThat(plan.cut()).isFalse();
  }

  @Test
  void promptsAlwaysGetTheSmallestChunk() {
    Server server =
        new Server(4000, 512, 8, Duration.ofNanos(1), ignored -> new FirstComeFirstServed());
    Request running = server.add(4, 600);
    server.step(1);
    server.add(1500, 5);
    server.add(1500, 5);
    StepPlan plan = server.plan();
    assertThat(plan.scheduled()).extracting(ScheduledRequest::rows).containsExactly(1, MIN_CHUNK);
    assertThat(plan.cut()).isTrue();
    server.book(plan, Duration.ofMillis(1));
    running.drafts(new int[600]);
    assertThat(server.plan().scheduled())
        .as("drafts leave it alone")
        .extracting(ScheduledRequest::rows)
        .containsExactly(1, MIN_CHUNK);
  }

  @Test
  void draftsCount() {
    Server server =
        new Server(4000, 512, 8, Duration.ofMillis(20), ignored -> new FirstComeFirstServed());
    Request running = server.add(4, 600);
    server.step(10.001);
    running.drafts(new int[100]);
    int drafts = server.plan().scheduled().getFirst().drafts();
    // by the prior of the step model: 8 ms + 0.5 ms for each row
    assertThat(drafts).isBetween(20, 24);
  }

  /** The largest multiple of the smallest chunk that fits the time, or the smallest chunk. */
  @Property
  void aChunkIsTheLargestThatFits(
      @ForAll @IntRange(min = 0, max = 5000) int context,
      @ForAll @IntRange(min = 1, max = 600) int pending,
      @ForAll @IntRange(min = 1, max = 512) int rows,
      @ForAll @DoubleRange(min = -0.1, max = 0.3) double seconds) {
    DecodeCoefficients cost = new DecodeCoefficients(5e-3, 4e-4, 3e-8);
    StepBudget budget = StepBudget.ofTime(rows, seconds, cost, MIN_CHUNK);
    int most = Math.min(pending, rows);
    int chunk = budget.takeChunk(context, pending);
    assertThat(chunk).isBetween(Math.min(MIN_CHUNK, most), most);
    if (chunk > MIN_CHUNK) {
      assertThat(seconds(cost, context, chunk)).isLessThanOrEqualTo(seconds);
    }
    if (chunk < most) {
      assertThat(chunk % MIN_CHUNK).isZero();
      assertThat(seconds(cost, context, Math.min(most, chunk + MIN_CHUNK))).isGreaterThan(seconds);
      assertThat(budget.wasCut()).isTrue();
    }
  }

  private static double seconds(DecodeCoefficients cost, int context, int rows) {
    return cost.perRequest() * rows + cost.perContext() * StepTime.pairs(context, rows);
  }
}
