package dev.andante.benchmarks.load.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScheduleTest {

  private static final Demands SMALL = index -> new Demand(1 + (int) index, 1);

  @Test
  void gapsHaveTheMeanAndTheSpreadThatWasAskedFor() {
    assertGaps(Gaps.poisson(4), 0.25, 1);
    assertGaps(Gaps.gamma(4, 3), 0.25, 3);
    assertGaps(Gaps.gamma(4, 0.5), 0.25, 0.5);
    assertGaps(Gaps.even(4), 0.25, 0);
  }

  private static void assertGaps(Gaps gaps, double mean, double cv) {
    var random = Seeds.random(7, 0);
    double[] drawn = IntStream.range(0, 400_000).mapToDouble(_ -> gaps.next(random)).toArray();
    double measured =
        IntStream.range(0, drawn.length).mapToDouble(i -> drawn[i]).average().orElse(0);
    double square =
        IntStream.range(0, drawn.length).mapToDouble(i -> drawn[i] * drawn[i]).average().orElse(0);
    assertThat(measured).isCloseTo(mean, within(0.02 * mean));
    assertThat(Math.sqrt(Math.max(0, square - measured * measured)) / measured)
        .isCloseTo(cv, within(0.03 * cv + 1e-6));
  }

  @Test
  void aSeedGivesTheSameArrivalsAndAnotherOneOthers() {
    List<Arrival> first = Schedule.random(Gaps.poisson(100), SMALL, 1, 5, Long.MAX_VALUE);
    assertThat(first).hasSizeBetween(400, 600);
    assertThat(Schedule.random(Gaps.poisson(100), SMALL, 1, 5, Long.MAX_VALUE)).isEqualTo(first);
    assertThat(Schedule.random(Gaps.poisson(100), SMALL, 2, 5, Long.MAX_VALUE)).isNotEqualTo(first);
    assertThat(Schedule.random(Gaps.poisson(100), SMALL, 1, 5, 10)).isEqualTo(first.subList(0, 10));
  }

  @Test
  void aTraceBeginsAtOnceAndItsTimesAreScaled() {
    List<TraceRow> rows = List.of(row(10, 5), row(12, 6), row(20, 7));
    List<Arrival> all = Schedule.replay(rows, Demands.of(rows), 0.5, 100, Long.MAX_VALUE);
    assertThat(all)
        .extracting(Arrival::atNanos)
        .containsExactly(0L, 1_000_000_000L, 5_000_000_000L);
    assertThat(all).extracting(arrival -> arrival.demand().promptTokens()).containsExactly(5, 6, 7);
    assertThat(Schedule.replay(rows, SMALL, 0.5, 5, Long.MAX_VALUE)).hasSize(2);
    assertThat(Schedule.replay(rows, SMALL, 0.5, 100, 1)).hasSize(1);
  }

  @Test
  void lengthsOfASpanReachBothEnds() {
    Demands demands = Demands.uniform(new Span(2, 4), new Span(1, 1), 3);
    assertThat(IntStream.range(0, 100).map(i -> demands.of(i).promptTokens()).distinct().sorted())
        .containsExactly(2, 3, 4);
    assertThat(demands.of(50)).isEqualTo(demands.of(50));
  }

  @Test
  void lengthsOfATraceAreScaledAndCut() {
    LengthScale scale = new LengthScale(0.1, 30, 5);
    List<TraceRow> rows = List.of(row(0, 100), row(1, 1), row(2, 1000));
    assertThat(scale.rows(rows))
        .extracting(row -> row.demand().promptTokens())
        .containsExactly(10, 1, 30);
    assertThat(scale.cut(rows)).isEqualTo(1);
  }

  private static TraceRow row(double at, int promptTokens) {
    return new TraceRow(at, new Demand(promptTokens, 20));
  }
}
