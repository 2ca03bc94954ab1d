package dev.andante.qoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;

/** The axioms of QoE, and the closed forms against the definitions. */
class QoePropertyTest {

  private static List<Double> running(List<Double> gaps) {
    List<Double> times = new ArrayList<>();
    double time = 0;
    for (double gap : gaps) {
      time += gap;
      times.add(time);
    }
    return times;
  }

  @Property
  void closedFormsEqualTheDefinitions(
      @ForAll @Size(min = 1, max = 40) List<@Scale(4) @DoubleRange(min = 0, max = 3) Double> gaps,
      @ForAll @Scale(4) @DoubleRange(min = 0.01, max = 5) double ttft,
      @ForAll @Scale(4) @DoubleRange(min = 0.2, max = 20) double pace) {
    QoeSpec spec = new QoeSpec(ttft, pace);
    List<Double> arrivals = running(gaps);
    Reading reading = Literal.reading(spec, arrivals);
    double[] read = Literal.readTimes(spec, arrivals);
    double ideals = 0;
    double actuals = 0;
    for (int i = 0; i < read.length; i++) {
      ideals += ttft + i / pace;
      actuals += read[i];
    }
    assertThat(QoeMetric.V2.of(reading))
        .isCloseTo(Literal.v2(spec, arrivals), within(1e-9))
        .isCloseTo(ideals / actuals, within(1e-9))
        .isBetween(0.0, 1.0);
    assertThat(reading.readSeconds()).isCloseTo(read[read.length - 1] + 1 / pace, within(1e-9));
    assertThat(reading.firstDelaySeconds()).isCloseTo(read[0] - ttft, within(1e-9));
  }

  @Property(tries = 200)
  void v1EqualsTheRatioOfAreas(
      @ForAll @Size(min = 1, max = 15) List<@Scale(4) @DoubleRange(min = 0, max = 2) Double> gaps,
      @ForAll @Scale(4) @DoubleRange(min = 0.1, max = 3) double ttft,
      @ForAll @Scale(4) @DoubleRange(min = 0.5, max = 10) double pace) {
    QoeSpec spec = new QoeSpec(ttft, pace);
    List<Double> arrivals = running(gaps);
    assertThat(QoeMetric.V1.of(Literal.reading(spec, arrivals)))
        .isCloseTo(Literal.v1(spec, arrivals, 20_000), within(2e-3))
        .isBetween(0.0, 1.0);
  }

  /** Axiom (a): on or above the expected curve is perfect, exactly. */
  @Property
  void neverLateIsPerfect(
      @ForAll @Size(min = 1, max = 200)
          List<@Scale(4) @DoubleRange(min = 0, max = 1) Double> shares,
      @ForAll @Scale(4) @DoubleRange(min = 0.001, max = 100) double ttft,
      @ForAll @Scale(4) @DoubleRange(min = 0.01, max = 1000) double pace) {
    QoeSpec spec = new QoeSpec(ttft, pace);
    Reading reading = Reading.none(spec);
    for (int i = 0; i < shares.size(); i++) {
      reading = reading.with(shares.get(i) * spec.idealSeconds(i + 1));
    }
    assertThat(QoeMetric.V1.of(reading)).isEqualTo(1);
    assertThat(QoeMetric.V2.of(reading)).isEqualTo(1);
  }

  /** Axiom (b): what is delivered before the reader can take it gains nothing. */
  @Property
  void fasterThanTheReaderGainsNothing(
      @ForAll @Size(min = 1, max = 60) List<@Scale(4) @DoubleRange(min = 0, max = 2) Double> gaps,
      @ForAll @Size(min = 60, max = 60)
          List<@Scale(4) @DoubleRange(min = 0, max = 1) Double> shares) {
    QoeSpec spec = new QoeSpec(1, 5);
    List<Double> slow = running(gaps);
    double[] read = Literal.readTimes(spec, slow);
    // Anywhere between the arrival and the moment at which it is read.
    Reading reading = Reading.none(spec);
    Reading whenRead = Reading.none(spec);
    for (int i = 0; i < slow.size(); i++) {
      reading = reading.with(slow.get(i) + shares.get(i) * (read[i] - slow.get(i)));
      whenRead = whenRead.with(read[i]);
    }
    Reading early = Literal.reading(spec, slow);
    for (QoeDefinition definition : QoeDefinition.values()) {
      assertThat(definition.of(reading)).isCloseTo(definition.of(early), within(1e-9));
      assertThat(definition.of(whenRead)).isCloseTo(definition.of(early), within(1e-9));
    }
  }

  /** Only the end of an answer that is read as a whole counts. */
  @Property
  void aWholeAnswerIsAsLateAsItsLastToken(
      @ForAll @Size(min = 1, max = 60) List<@Scale(4) @DoubleRange(min = 0, max = 2) Double> gaps) {
    QoeSpec spec = new QoeSpec(1, 5);
    List<Double> arrivals = running(gaps);
    Reading reading = Reading.wholeNone(spec);
    for (double arrival : arrivals) {
      reading = reading.with(arrival);
    }
    int tokens = arrivals.size();
    double late = Math.max(0, arrivals.getLast() - spec.idealSeconds(tokens));
    double ideal = spec.idealSumSeconds(tokens);
    assertThat(QoeMetric.V2.of(reading)).isCloseTo(ideal / (ideal + tokens * late), within(1e-12));
    assertThat(QoeMetric.V1.of(reading)).isBetween(0.0, 1.0);
    Reading atOnce = Reading.wholeNone(spec).with(arrivals.getFirst(), 0.3, 9);
    Reading inParts = Reading.wholeNone(spec).with(arrivals.getFirst(), 0.3, 4);
    inParts = inParts.with(arrivals.getFirst() + 1.2, 0.3, 5);
    assertThat(QoeMetric.V2.of(atOnce)).isCloseTo(QoeMetric.V2.of(inParts), within(1e-9));
    double age = arrivals.getLast();
    assertThat(reading.slackSeconds(age))
        .isCloseTo(Math.max(0, spec.idealSeconds(tokens + 1) - age), within(1e-9));
  }

  /** Axiom (c), which v1 breaks: no token's earlier arrival lowers v2. */
  @Property
  void v2NeverFallsWhenATokenComesEarlier(
      @ForAll @Size(min = 1, max = 40) List<@Scale(4) @DoubleRange(min = 0, max = 3) Double> gaps,
      @ForAll @IntRange(max = 39) int which,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 1) double share) {
    QoeSpec spec = new QoeSpec(1, 5);
    List<Double> arrivals = new ArrayList<>(running(gaps));
    double before = QoeMetric.V2.of(Literal.reading(spec, arrivals));
    int index = which % arrivals.size();
    arrivals.set(index, arrivals.get(index) * share);
    Collections.sort(arrivals); // tokens keep their order; each is there no later than before
    assertThat(QoeMetric.V2.of(Literal.reading(spec, arrivals)))
        .isGreaterThanOrEqualTo(before - 1e-12);
  }

  @Property
  void manyTokensInOneStepEqualOneByOne(
      @ForAll @Size(max = 10) List<@Scale(4) @DoubleRange(min = 0, max = 2) Double> gaps,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 30) double first,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 1) double gap,
      @ForAll @IntRange(min = 1, max = 80) int count) {
    QoeSpec spec = new QoeSpec(0.7, 3.3);
    Reading before = Literal.reading(spec, running(gaps));
    double start = Math.max(first, before.lastArrivalSeconds());
    Reading single = before;
    for (int i = 0; i < count; i++) {
      single = single.with(start + i * gap);
    }
    Reading many = before.with(first, gap, count);
    assertThat(many.tokens()).isEqualTo(single.tokens());
    assertThat(many.delaySumSeconds()).isCloseTo(single.delaySumSeconds(), within(1e-7));
    assertThat(many.delaySeconds()).isCloseTo(single.delaySeconds(), within(1e-9));
    assertThat(many.firstDelaySeconds()).isCloseTo(single.firstDelaySeconds(), within(1e-9));
    assertThat(many.lastArrivalSeconds()).isCloseTo(single.lastArrivalSeconds(), within(1e-9));
  }

  @Property
  void aClockThatJumpsBackCountsAsOneThatStands(
      @ForAll @Size(min = 1, max = 30)
          List<@Scale(4) @DoubleRange(min = -3, max = 3) Double> steps) {
    QoeSpec spec = new QoeSpec(1, 5);
    List<Double> jumping = running(steps);
    List<Double> standing = new ArrayList<>();
    double latest = 0;
    for (double time : jumping) {
      latest = Math.max(latest, time);
      standing.add(latest);
    }
    assertThat(Literal.reading(spec, jumping)).isEqualTo(Literal.reading(spec, standing));
  }

  /** Mid-flight: whenever the due tokens come, they are worth no more than was said. */
  @Property
  void midFlightIsABoundForTheTokensDue(
      @ForAll @Size(max = 20) List<@Scale(4) @DoubleRange(min = 0, max = 1) Double> gaps,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 20) double later,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 10) double delay,
      @ForAll @Scale(4) @DoubleRange(min = 0, max = 1) double gap) {
    QoeSpec spec = new QoeSpec(1, 5);
    Reading reading = Literal.reading(spec, running(gaps));
    double age = reading.lastArrivalSeconds() + later;
    double said = QoeMetric.V2.midFlight(reading, age);
    long missing = Math.max(1, spec.dueTokens(age)) - reading.tokens();
    assertThat(QoeMetric.V2.of(reading.with(age + delay, gap, missing)))
        .isLessThanOrEqualTo(said + 1e-12);
    assertThat(said).isBetween(0.0, 1.0);
  }
}
