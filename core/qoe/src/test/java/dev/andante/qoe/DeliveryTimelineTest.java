package dev.andante.qoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.DeliveryTimeline.State;
import org.junit.jupiter.api.Test;

class DeliveryTimelineTest {

  private static final long SECOND = 1_000_000_000L;

  /** So that the clock overflows while the request runs. */
  private static final long START = Long.MAX_VALUE - SECOND;

  private final DeliveryTimeline timeline = new DeliveryTimeline(new QoeSpec(1, 5), START);

  private static long at(double seconds) {
    return START + Math.round(seconds * SECOND);
  }

  @Test
  void aQueuedRequestIsPerfectUntilItIsLate() {
    assertThat(timeline.state()).isEqualTo(State.QUEUED);
    assertThat(timeline.qoe(QoeMetric.V2, at(0))).isEqualTo(1);
    assertThat(timeline.qoe(QoeMetric.V2, at(1))).isEqualTo(1);
    // Ten tokens are due after three seconds, and all would be two seconds late.
    assertThat(timeline.qoe(QoeMetric.V2, at(3))).isCloseTo(0.4872, within(0.00005));
    assertThat(timeline.qoe(QoeMetric.V1, at(3))).isCloseTo(0.3333, within(0.00005));
    assertThat(timeline.firstTokenSeconds()).isEmpty();
    assertThat(timeline.slackSeconds(at(0))).isZero();
  }

  @Test
  void aRunningRequestIsJudgedByWhatIsDue() {
    timeline.delivered(at(0.5), 5);
    assertThat(timeline.state()).isEqualTo(State.RUNNING);
    assertThat(timeline.firstTokenSeconds()).hasValue(0.5);
    assertThat(timeline.slackSeconds(at(0.5))).isCloseTo(1.5, within(1e-9));
    assertThat(timeline.qoe(QoeMetric.V2, at(2))).isEqualTo(1);
    assertThat(timeline.qoe(QoeMetric.V2, at(4))).isLessThan(0.8);
    timeline.delivered(at(4));
    assertThat(timeline.reading().tokens()).isEqualTo(6);
    assertThat(timeline.reading().delaySeconds()).isCloseTo(2, within(1e-9));
  }

  @Test
  void aFinishedRequestIsFinal() {
    timeline.delivered(at(1), 10);
    timeline.finish();
    assertThat(timeline.state()).isEqualTo(State.FINISHED);
    assertThat(timeline.qoe(QoeMetric.V2, at(1000))).isEqualTo(1);
    timeline.abort();
    assertThat(timeline.state()).isEqualTo(State.FINISHED);
    assertThatThrownBy(() -> timeline.delivered(at(2)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("FINISHED");
  }

  @Test
  void whatWeDroppedIsWorthNothing() {
    timeline.delivered(at(0.5), 5);
    timeline.abort();
    assertThat(timeline.state()).isEqualTo(State.ABORTED);
    assertThat(timeline.qoe(QoeMetric.V2, at(0.6))).isZero();
    assertThat(timeline.qoe(QoeMetric.V1, at(0.6))).isZero();
  }

  @Test
  void finishedWithoutATokenIsWorthNothing() {
    timeline.finish();
    assertThat(timeline.qoe(QoeMetric.V2, at(0.5))).isZero();
  }

  @Test
  void aClockThatJumpsBackCountsAsStanding() {
    timeline.delivered(at(0.8));
    timeline.delivered(at(0.2));
    timeline.delivered(at(-5));
    assertThat(timeline.firstTokenSeconds()).hasValue(0.8);
    assertThat(timeline.reading().lastArrivalSeconds()).isEqualTo(0.8);
    assertThat(timeline.qoe(QoeMetric.V2, at(-5))).isEqualTo(1);
    assertThat(timeline.submittedNanos()).isEqualTo(START);
  }

  @Test
  void deliveredBeforeSubmissionIsDeliveredAtIt() {
    timeline.delivered(at(-1));
    assertThat(timeline.firstTokenSeconds()).hasValue(0);
  }

  @Test
  void refusesToDeliverNothing() {
    assertThatThrownBy(() -> timeline.delivered(at(1), 0)).hasMessageContaining("at least 1");
  }

  @Test
  void aMillionTokensTakeNoMoreRoomThanOne() {
    DeliveryTimeline fast = new DeliveryTimeline(new QoeSpec(1, 1000), 0);
    for (int i = 0; i < 1_000_000; i++) {
      fast.delivered(SECOND * 2 + i * 1_000_000L);
    }
    fast.finish();
    // Every token one second late: n/(n + delays/mean ideal), to twelve digits.
    double ideal = 1_000_000.0 + 1e6 * (1e6 - 1) / 2 / 1000;
    assertThat(fast.qoe(QoeMetric.V2, SECOND * 1002))
        .isCloseTo(ideal / (ideal + 1e6), within(1e-12));
  }
}
