package dev.andante.benchmarks.load.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.qoe.QoeSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

class TallyTest {

  private static final long MS = 1_000_000;
  private static final long START = 77_000 * MS;

  private final Tally tally = new Tally(START, 1);

  @Test
  void timesCountFromWhenARequestWasDue() {
    Reception late = reception(0, 2000);
    late.sent(START + 2500 * MS);
    late.delivered(START + 2600 * MS, 1);
    late.delivered(START + 2640 * MS, 2);
    late.end(START + 2650 * MS, Outcome.COMPLETED, 200, "");
    tally.add(late);
    assertThat(tally.ttft().percentile(50)).isCloseTo(600, within(1.0));
    assertThat(tally.tbt().percentile(50)).isCloseTo(40, within(0.1));
    assertThat(tally.whole().percentile(50)).isCloseTo(650, within(1.0));
    assertThat(tally.sendLag().percentile(50)).isCloseTo(500, within(1.0));
    RequestResult result = tally.results().getFirst();
    assertThat(result.ttftMs()).isEqualTo(600);
    assertThat(result.tpotMs()).isEqualTo(20);
    assertThat(result.tokens()).isEqualTo(3);
    assertThat(tally.tokens()).isEqualTo(3);
    assertThat(tally.events()).isEqualTo(2);
  }

  @Test
  void aReaderWhoGetsAllInTimeHasAQoeOfOne() {
    Reception good = reception(0, 2000);
    good.delivered(START + 2100 * MS, 1);
    good.delivered(START + 2200 * MS, 1);
    good.end(START + 2201 * MS, Outcome.COMPLETED, 200, "");
    tally.add(good);
    assertThat(tally.results().getFirst().qoeV1()).isCloseTo(1, within(1e-9));
    assertThat(tally.results().getFirst().qoeV2()).isCloseTo(1, within(1e-9));
  }

  @Test
  void whatDidNotEndWellCountsAsZeroWhateverCame() {
    for (Outcome outcome :
        List.of(Outcome.REJECTED, Outcome.FAILED, Outcome.ABORTED, Outcome.UNSENT)) {
      Reception bad = reception(tally.results().size(), 2000);
      if (outcome == Outcome.ABORTED) {
        bad.delivered(START + 2001 * MS, 1);
      }
      bad.end(START + 2002 * MS, outcome, 0, "no luck");
      tally.add(bad);
      assertThat(tally.count(outcome)).isEqualTo(1);
    }
    assertThat(tally.results()).hasSize(4).allMatch(r -> r.qoeV1() == 0 && r.qoeV2() == 0);
    assertThat(tally.whole().isEmpty()).isTrue();
  }

  @Test
  void whatComesAfterTheEndIsNotCounted() {
    Reception one = reception(0, 2000);
    one.end(START + 2100 * MS, Outcome.ABORTED, 0, "too late");
    one.delivered(START + 2200 * MS, 1);
    assertThat(one.tokens()).isZero();
  }

  @Test
  void warmUpIsServedAndNotCounted() {
    Reception early = reception(0, 999);
    early.delivered(START + 1000 * MS, 1);
    early.end(START + 1100 * MS, Outcome.COMPLETED, 200, "");
    tally.add(early);
    assertThat(tally.results()).isEmpty();
    assertThat(tally.ttft().isEmpty()).isTrue();
    assertThat(tally.overTime().mostOpen()).isEqualTo(1);
  }

  @Test
  void openAndWaitingRequestsAreCountedOverTime() {
    for (int i = 0; i < 3; i++) {
      Reception one = reception(i, 1000 + 100L * i);
      one.delivered(START + (1500 + 10L * i) * MS, 1);
      one.end(START + (3000 + 100L * i) * MS, Outcome.COMPLETED, 200, "");
      tally.add(one);
    }
    OverTime over = tally.overTime();
    assertThat(over.mostOpen()).isEqualTo(3);
    assertThat(over.waiting())
        .extracting(point -> point[1])
        .containsExactly(1.0, 2.0, 3.0, 2.0, 1.0, 0.0);
    assertThat(over.open().getLast()).containsExactly(3.2, 0);
    assertThat(over.tokensPerSecond()).extracting(point -> point[1]).containsExactly(0.0, 3.0, 0.0);
    assertThat(over.tokens()).isEqualTo(3);
  }

  private static Reception reception(long index, long dueMs) {
    return new Reception(index, new Demand(10, 5), new QoeSpec(1, 4.8), START + dueMs * MS);
  }
}
