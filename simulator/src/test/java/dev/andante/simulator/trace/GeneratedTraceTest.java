package dev.andante.simulator.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.QoeOverride;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GeneratedTraceTest {

  @Test
  void lengthsHaveShareGptsMeans() {
    Trace trace = GeneratedTrace.poisson(100_000, 1);
    assertThat(trace.meanInput()).isCloseTo(161, within(3.0));
    assertThat(trace.meanOutput()).isCloseTo(338, within(4.0));
  }

  @Test
  void gapsHaveTheMeanAndTheSpreadAskedFor() {
    for (double cv : new double[] {0.5, 1, 3}) {
      double[] gaps = gaps(GeneratedTrace.gamma(cv, 200_000, 1));
      double mean = IntStream.range(0, gaps.length).mapToDouble(i -> gaps[i]).average().orElse(0);
      double square =
          IntStream.range(0, gaps.length).mapToDouble(i -> gaps[i] * gaps[i]).average().orElse(0);
      assertThat(mean).isCloseTo(1, within(0.03));
      assertThat(Math.sqrt(square - mean * mean) / mean).isCloseTo(cv, within(0.05 * cv));
    }
  }

  private static double[] gaps(Trace trace) {
    List<TraceRequest> requests = trace.requests();
    return IntStream.range(1, requests.size())
        .mapToDouble(i -> requests.get(i).arrivalSeconds() - requests.get(i - 1).arrivalSeconds())
        .toArray();
  }

  @Test
  void equalSeedsGiveEqualTraces() {
    assertThat(GeneratedTrace.gamma(3, 50, 9)).isEqualTo(GeneratedTrace.gamma(3, 50, 9));
    assertThat(GeneratedTrace.gamma(3, 50, 9)).isNotEqualTo(GeneratedTrace.gamma(3, 50, 8));
    assertThat(GeneratedTrace.poisson(50, 9).meanInput())
        .isEqualTo(GeneratedTrace.gamma(3, 50, 9).meanInput());
  }

  @Test
  void aTraceIsPlayedAtARate() {
    Trace trace = GeneratedTrace.poisson(101, 1).atRate(4);
    assertThat(trace.requests().getFirst().arrivalSeconds()).isZero();
    assertThat(trace.requests().getLast().arrivalSeconds()).isCloseTo(25, within(1e-9));
    Trace burst =
        new Trace(
            "burst",
            List.of(
                new TraceRequest(1, 1, 1, List.of(), QoeOverride.NONE),
                new TraceRequest(1, 1, 1, List.of(), QoeOverride.NONE)),
            0);
    assertThatThrownBy(() -> burst.atRate(1)).hasMessageContaining("arrive at once");
  }

  @Test
  void readersOfAllAgesReadAtTheMeanPace() {
    Readers readers = Readers.ofAllAges(GeneratedTrace.random(1, 3));
    double mean =
        IntStream.range(0, 20_000)
            .mapToDouble(i -> Objects.requireNonNull(readers.next().tokensPerSecond()))
            .average()
            .orElse(0);
    assertThat(mean).isCloseTo(4.8, within(0.02));
  }
}
