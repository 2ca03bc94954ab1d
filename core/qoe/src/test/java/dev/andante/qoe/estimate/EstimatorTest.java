package dev.andante.qoe.estimate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.Reading;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

class EstimatorTest {

  private static final QoeSpec SPEC = new QoeSpec(1, 5);
  private static final HorizonEstimator V2 = new HorizonEstimator(QoeMetric.V2);
  private static final ReleasedEstimator RELEASED = new ReleasedEstimator();

  private static Outlook waiting(double age, double prefill) {
    return new Outlook(Reading.none(SPEC), age, prefill);
  }

  /** Some requests: queued, on pace, late, buffered, preempted. */
  private static Outlook random(Random random) {
    Reading reading = Reading.none(SPEC);
    int tokens = random.nextInt(4) == 0 ? 0 : random.nextInt(60);
    reading = reading.with(random.nextDouble() * 5, random.nextDouble() * 0.4, tokens);
    double age = reading.lastArrivalSeconds() + random.nextDouble() * 10;
    return new Outlook(reading, age, random.nextBoolean() ? 0 : random.nextDouble() * 3);
  }

  /** Token by token, as the algorithm is told. */
  private static double literal(Outlook outlook, double idle, double latency, double horizon) {
    Reading reading = outlook.reading();
    double due = (outlook.ageSeconds() + horizon - SPEC.ttftSeconds()) * SPEC.tokensPerSecond();
    double time = outlook.ageSeconds() + idle + outlook.startSeconds();
    if (reading.tokens() > 0) {
      time += latency;
    }
    do {
      reading = reading.with(time);
      time += latency;
    } while (reading.tokens() < Math.floor(due));
    return QoeMetric.V2.of(reading);
  }

  @Property(tries = 500)
  void extendsTheTimelineTokenByToken(
      @ForAll long seed,
      @ForAll @Scale(4) @DoubleRange(min = 0.001, max = 0.5) double latency,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 50) double horizon) {
    Outlook outlook = random(new Random(seed));
    assertThat(V2.ifServed(outlook, latency, horizon))
        .isCloseTo(literal(outlook, 0, latency, horizon), within(1e-9));
    assertThat(V2.ifWaiting(outlook, latency, horizon))
        .isCloseTo(literal(outlook, horizon, latency, horizon), within(1e-9));
  }

  @Property(tries = 500)
  void servingIsNeverWorseThanWaiting(
      @ForAll long seed,
      @ForAll @Scale(4) @DoubleRange(min = 0.001, max = 0.5) double latency,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 50) double horizon) {
    Outlook outlook = random(new Random(seed));
    for (QoeEstimator estimator : new QoeEstimator[] {V2, RELEASED}) {
      double served = estimator.ifServed(outlook, latency, horizon);
      double waiting = estimator.ifWaiting(outlook, latency, horizon);
      assertThat(served).isBetween(0.0, 1.0);
      assertThat(waiting).isBetween(0.0, 1.0);
      assertThat(estimator.now(outlook)).isBetween(0.0, 1.0);
      assertThat(estimator.stallLoss(outlook, latency, horizon)).isBetween(0.0, 1.0);
      if (estimator instanceof HorizonEstimator || outlook.reading().tokens() > 0) {
        assertThat(served).isGreaterThanOrEqualTo(waiting - 1e-12);
      }
    }
  }

  @Property
  void aBufferThatOutlastsTheWaitMakesItFree(
      @ForAll @IntRange(min = 2, max = 100) int buffered,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 0.99) double share) {
    // All at once when expected: the reader is fed for buffered/5 seconds.
    Outlook outlook = new Outlook(Reading.none(SPEC).with(1, 0, buffered), 1, 0);
    assertThat(outlook.slackSeconds()).isCloseTo(buffered / 5.0, within(1e-9));
    double latency = 0.01;
    double wait = share * (outlook.slackSeconds() - latency);
    assertThat(V2.stallLoss(outlook, latency, wait)).isZero();
    assertThat(V2.stallLoss(outlook, latency, outlook.slackSeconds() + 0.1)).isPositive();
  }

  @Test
  void aRequestWithoutATokenIsJudgedByWhatIsDue() {
    // Served: first token after a second, as expected. Waiting: ten seconds late over 50 tokens.
    assertThat(V2.ifServed(waiting(0, 1), 0.1, 11)).isEqualTo(1);
    double ideal = SPEC.idealSumSeconds(50);
    assertThat(V2.ifWaiting(waiting(0, 1), 0.1, 11))
        .isCloseTo(ideal / (ideal + 50 * 11), within(1e-9));
    // Nothing is due yet: one token is judged.
    assertThat(V2.ifWaiting(waiting(0, 0.6), 0.1, 0.5)).isCloseTo(1 / 1.1, within(1e-9));
  }

  @Test
  void aSlowerBatchIsWorse() {
    Outlook outlook = new Outlook(Reading.none(SPEC).with(1), 1, 0);
    assertThat(V2.ifServed(outlook, 0.2, 20)).isCloseTo(1, within(1e-12));
    assertThat(V2.ifServed(outlook, 0.4, 20)).isCloseTo(0.524, within(0.0005));
    assertThat(V2.ifServed(outlook, 0.8, 20)).isLessThan(V2.ifServed(outlook, 0.4, 20));
  }

  @Test
  void resumingTakesItsTime() {
    Reading reading = Reading.none(SPEC).with(1, 0.2, 10);
    double resumed = V2.ifServed(new Outlook(reading, 3, 5), 0.1, 20);
    assertThat(resumed).isLessThan(V2.ifServed(new Outlook(reading, 3, 0), 0.1, 20));
  }

  @Test
  void waitingGainsWeightWithTimeAndLosesItWhenAllIsLost() {
    double early = gain(waiting(0, 0.5));
    double late = gain(waiting(100, 0.5));
    assertThat(early).isGreaterThan(late);
    assertThat(late).isPositive();
  }

  private static double gain(Outlook outlook) {
    return V2.ifServed(outlook, 0.1, 50) - V2.ifWaiting(outlook, 0.1, 50);
  }

  @Test
  void theReleasedEstimateIsTheAuthors() {
    Outlook fresh = waiting(0.5, 9);
    assertThat(RELEASED.ifWaiting(fresh, 0.1, 0.5)).isEqualTo(1);
    assertThat(RELEASED.ifWaiting(fresh, 0.1, 0.6)).isZero();
    // 10 s · 5/s = 50 expected, 5 s / 0.5 s = 10 generated.
    assertThat(RELEASED.ifServed(waiting(5, 9), 0.5, 5)).isCloseTo(1 - 0.8 * 0.8, within(1e-12));

    Outlook ahead = new Outlook(Reading.none(SPEC).with(1, 0.1, 20), 3, 0);
    assertThat(RELEASED.ifServed(ahead, 0.2, 50)).isEqualTo(1);
    // Too slow: (3 + 7)·5 = 50 expected, 20 + 7/0.35 = 40 generated.
    assertThat(RELEASED.ifServed(ahead, 0.35, 7)).isCloseTo(1 - 0.2 * 0.2, within(1e-12));
    assertThat(RELEASED.ifWaiting(ahead, 0.2, 7)).isCloseTo(1 - 0.6 * 0.6, within(1e-12));
    assertThat(RELEASED.now(ahead)).isEqualTo(1);

    Outlook late = new Outlook(Reading.none(SPEC).with(9, 0.1, 10), 10, 0);
    assertThat(RELEASED.now(late)).isCloseTo(1 - 0.8 * 0.8, within(1e-12));
    assertThat(RELEASED.ifServed(late, 0.1, 10)).isEqualTo(1);
  }

  @Test
  void objectives() {
    assertThat(Objective.MEAN.gain(0.9, 0.4, 1, 0.2)).isEqualTo(0.5);
    assertThat(Objective.MAX_MIN.gain(0.9, 0.4, 1, 0.2)).isZero();
    assertThat(Objective.MAX_MIN.gain(0.9, 0.1, 1, 0.2)).isEqualTo(0.1);
    assertThat(Objective.PERFECT_COUNT.gain(1, 0.9, 1, 0)).isEqualTo(1);
    assertThat(Objective.PERFECT_COUNT.gain(1, 1, 1, 0)).isZero();
    assertThat(Objective.PERFECT_COUNT.gain(1, 0.9, 0.99, 0)).isZero();
    assertThat(Objective.PERFECT_COUNT.gain(0.99, 0.9, 1, 0)).isZero();
  }

  @Test
  void refusesTimesThatAreNone() {
    assertThatThrownBy(() -> waiting(-1, 0)).hasMessageContaining("age");
    assertThatThrownBy(() -> waiting(Double.NaN, 0)).hasMessageContaining("age");
    assertThatThrownBy(() -> waiting(0, Double.POSITIVE_INFINITY)).hasMessageContaining("start");
  }
}
