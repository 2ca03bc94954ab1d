package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.kvtransfer.KvTransferException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReopenScheduleTest {

  private final ReopenSchedule schedule = new ReopenSchedule();

  @ParameterizedTest
  @ValueSource(strings = {KvTransferException.UNAVAILABLE, KvTransferException.PROTOCOL})
  void pausesGrowAndTriesEnd(String code) {
    for (long pause : new long[] {100, 200, 400, 800, 1600}) {
      assertThat(schedule.pauseAfter(lost(code))).hasValue(pause);
    }
    assertThat(schedule.pauseAfter(lost(code))).isEmpty();
  }

  /** What another call would be told too; and it does not count as a try. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "saturated",
        "bad_frame",
        "lease_expired",
        KvTransferException.CANCELLED,
        KvTransferException.DEADLINE_EXCEEDED
      })
  void theReceiversWordStands(String code) {
    assertThat(schedule.pauseAfter(lost(code))).isEmpty();
    assertThat(schedule.pauseAfter(lost(KvTransferException.UNAVAILABLE))).hasValue(100);
  }

  @Test
  void allOfThemAreOverBeforeReceiversGiveUp() {
    long total = 0;
    var pause = schedule.pauseAfter(lost(KvTransferException.UNAVAILABLE));
    while (pause.isPresent()) {
      total += pause.getAsLong();
      pause = schedule.pauseAfter(lost(KvTransferException.UNAVAILABLE));
    }
    assertThat(total).isLessThan(5_000);
  }

  private static KvTransferException lost(String code) {
    return new KvTransferException(code, "lost by the test", true);
  }
}
