package dev.andante.compute;

import static dev.andante.compute.Patience.LONG_NANOS;
import static dev.andante.compute.Patience.LOST_NANOS;
import static dev.andante.compute.Patience.SHARED_NANOS;
import static dev.andante.compute.Patience.SHORT_NANOS;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PatienceTest {

  private static final long STEP = 1_000;

  /** Time spun from {@code start}, looking every microsecond. */
  private static long spun(Patience patience, long start) {
    patience.restart(start);
    long now = start;
    while (patience.lasts(now)) {
      now += STEP;
    }
    return now - start;
  }

  @ParameterizedTest
  @ValueSource(longs = {0, Long.MAX_VALUE - 10_000, -5_000, Long.MIN_VALUE})
  void aHelperThatKeepsItsCoreWaitsLong(long start) {
    assertThat(spun(new Patience(start), start)).isEqualTo(LONG_NANOS);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, Long.MAX_VALUE - 10_000, -5_000})
  void oneThatLostItIsBriefForAWhile(long start) {
    Patience patience = new Patience(start);
    patience.restart(start);
    assertThat(patience.lasts(start + STEP)).isTrue();
    long back = start + STEP + LOST_NANOS + 1;
    assertThat(patience.lasts(back)).isFalse();
    assertThat(spun(patience, back + STEP)).isEqualTo(SHORT_NANOS);
    assertThat(spun(patience, back + SHARED_NANOS - SHORT_NANOS - STEP)).isEqualTo(SHORT_NANOS);
    assertThat(spun(patience, back + SHARED_NANOS)).isEqualTo(LONG_NANOS);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 77})
  void workAndParkingAreNoLoss(long start) {
    Patience patience = new Patience(start);
    patience.restart(start + 10 * LOST_NANOS);
    assertThat(spun(patience, start + 20 * LOST_NANOS)).isEqualTo(LONG_NANOS);
  }
}
