package dev.andante.qoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Collections;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Ten tokens for a reader of five a second who waits a second for the first. */
class QoeVectorsTest {

  private static final QoeSpec SPEC = new QoeSpec(1, 5);

  private static List<Double> arrivals(IntToDoubleFunction time) {
    return IntStream.range(0, 10).mapToObj(time::applyAsDouble).toList();
  }

  static Stream<Arguments> vectors() {
    return Stream.of(
        Arguments.of("on time", arrivals(i -> 1 + i / 5.0), 1, 1),
        Arguments.of("all at once, early", arrivals(i -> 0.5), 1, 1),
        Arguments.of("starts two seconds late", arrivals(i -> 3 + i / 5.0), 0.3333, 0.4872),
        Arguments.of(
            "pauses two seconds after token 5",
            arrivals(i -> 1 + i / 5.0 + (i < 5 ? 0 : 2)),
            0.6667,
            0.6552),
        Arguments.of("half speed", arrivals(i -> 1 + i * 0.4), 0.6786, 0.6786),
        Arguments.of(
            "a burst of 5, a gap that ends before the buffer is read",
            arrivals(i -> i < 5 ? 1 : 2),
            1,
            1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("vectors")
  void publishedTimelines(String name, List<Double> arrivals, double v1, double v2) {
    Reading reading = Literal.reading(SPEC, arrivals);
    assertThat(QoeMetric.V1.of(reading)).isCloseTo(v1, within(0.00005));
    assertThat(QoeMetric.V2.of(reading)).isCloseTo(v2, within(0.00005));
    if (v2 == 1) {
      assertThat(QoeMetric.V1.of(reading)).isEqualTo(1);
      assertThat(QoeMetric.V2.of(reading)).isEqualTo(1);
    }
  }

  /** The time to the first token and the mean time per token are the same, whenever the pause. */
  @Test
  void meanLatenciesDoNotSeeAPause() {
    List<Double> early = arrivals(i -> 1 + i / 5.0 + (i < 2 ? 0 : 2));
    List<Double> late = arrivals(i -> 1 + i / 5.0 + (i < 8 ? 0 : 2));
    assertThat(early.getFirst()).isEqualTo(late.getFirst());
    assertThat(early.getLast()).isEqualTo(late.getLast());
    assertThat(QoeMetric.V2.of(Literal.reading(SPEC, early))).isCloseTo(0.5429, within(0.00005));
    assertThat(QoeMetric.V2.of(Literal.reading(SPEC, late))).isCloseTo(0.8261, within(0.00005));
  }

  @Test
  void nothingDeliveredIsNothing() {
    assertThat(QoeMetric.V1.of(Reading.none(SPEC))).isZero();
    assertThat(QoeMetric.V2.of(Reading.none(SPEC))).isZero();
  }

  /** Why v1 is for comparison only. */
  @Test
  void delayingOnlyTheLastTokenRaisesV1() {
    List<Double> late = Collections.nCopies(10, 11.0);
    List<Double> later = arrivals(i -> i < 9 ? 11 : 60);
    double before = QoeMetric.V1.of(Literal.reading(SPEC, late));
    double after = QoeMetric.V1.of(Literal.reading(SPEC, later));
    assertThat(before).isLessThan(0.1);
    assertThat(after).isGreaterThan(0.7);
    assertThat(QoeMetric.V2.of(Literal.reading(SPEC, later)))
        .isLessThan(QoeMetric.V2.of(Literal.reading(SPEC, late)));
  }
}
