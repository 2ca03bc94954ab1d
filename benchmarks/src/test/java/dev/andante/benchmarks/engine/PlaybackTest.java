package dev.andante.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import dev.andante.benchmarks.load.workload.Arrival;
import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.benchmarks.load.workload.TraceRow;
import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.Precision;
import dev.andante.engine.DraftSource;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.runtime.Engines;
import dev.andante.model.LanguageModel;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import dev.andante.model.loading.ModelOptions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PlaybackTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int VOCABULARY = TinyModels.llamaConfig().vocabularySize();

  @Test
  void everyTokenOfEveryRequestIsNotedAtItsTime() {
    List<Arrival> arrivals =
        List.of(
            new Arrival(0, 0, new Demand(5, 7)),
            new Arrival(1, 1_000_000, new Demand(30, 1)),
            new Arrival(2, 2_000_000, new Demand(1, 12)));
    onEngine(
        engine -> {
          List<Course> courses = new Playback(engine, VOCABULARY).play(arrivals, LIMIT);
          assertThat(courses).hasSize(3);
          for (int i = 0; i < 3; i++) {
            Course course = courses.get(i);
            assertThat(course.due()).isEqualTo(arrivals.get(i).atNanos());
            assertThat(course.tokens()).hasSize(arrivals.get(i).demand().outputTokens()).isSorted();
            assertThat(course.toFirst()).isPositive();
            assertThat(course.toLast()).isGreaterThanOrEqualTo(course.toFirst());
            assertThat(Arrays.stream(course.gaps(0)).sum())
                .isEqualTo(course.toLast() - course.toFirst());
          }
        });
  }

  @Test
  void promptsMayBeginAlike() {
    List<Arrival> arrivals =
        List.of(
            new Arrival(0, 0, new Demand(40, 2)),
            new Arrival(1, 200_000_000, new Demand(40, 2)),
            new Arrival(2, 400_000_000, new Demand(20, 2)));
    onEngine(
        engine -> {
          List<Course> courses = new Playback(engine, VOCABULARY, 35).play(arrivals, LIMIT);
          assertThat(courses).extracting(Course::cachedTokens).containsExactly(0, 32, 16);
          List<Course> others = new Playback(engine, VOCABULARY).play(arrivals, LIMIT);
          assertThat(others).extracting(Course::cachedTokens).containsExactly(0, 0, 0);
        });
  }

  @Test
  void aRequestThatFailsEndsTheRun() {
    onEngine(
        engine ->
            assertThatIllegalStateException()
                .isThrownBy(
                    () ->
                        new Playback(engine, VOCABULARY)
                            .play(List.of(new Arrival(4, 0, new Demand(9000, 2))), LIMIT))
                .withMessageContaining("request 4 failed"));
  }

  private static void onEngine(Consumer<Engine> test) {
    EngineConfig config =
        EngineConfig.builder(16, 64)
            .kvDtype(DType.F32)
            .maxBatchTokens(64)
            .maxSequences(4)
            .maxWaiting(8)
            .lease(Duration.ofSeconds(9))
            .build();
    try (ComputePool pool = new ComputePool(1);
        Backend backend = Backends.open(Backends.AUTO, pool, Precision.EXACT);
        LanguageModel model =
            DummyModels.load(TinyModels.llamaConfig(), backend, 1, ModelOptions.defaults());
        Engine engine =
            Engines.start(
                config, model, backend, EngineObserver.NONE, DraftSource.NONE, Set.of())) {
      test.accept(engine);
    }
  }

  @Test
  void aTraceIsStretchedToTheRate() {
    List<TraceRow> rows =
        List.of(row(3), row(4), row(4), row(7)); // four requests within four seconds
    assertThat(PoliciesPart.at(rows, 2).stream().map(Arrival::atNanos))
        .containsExactly(0L, 500_000_000L, 500_000_000L, 2_000_000_000L);
    assertThat(PoliciesPart.at(rows, Double.POSITIVE_INFINITY).stream().map(Arrival::atNanos))
        .containsExactly(0L, 0L, 0L, 0L);
  }

  private static TraceRow row(double seconds) {
    return new TraceRow(seconds, new Demand(1, 1));
  }

  @Test
  void longPromptsComeAtEqualIntervalsAfterTheStreams() {
    List<Arrival> arrivals = ChunkingPart.arrivals(2048, 100);
    assertThat(arrivals).isSortedAccordingTo((a, b) -> Long.compare(a.atNanos(), b.atNanos()));
    assertThat(arrivals.stream().filter(a -> a.demand().promptTokens() == 2048))
        .hasSize(5)
        .allMatch(a -> a.demand().outputTokens() == 1 && a.atNanos() > 0);
  }

  @Test
  void samples() {
    Samples hundred = new Samples(LongStream.rangeClosed(1, 100).map(i -> i * 1_000_000));
    assertThat(hundred.mean()).isCloseTo(50.5, within(1e-9));
    assertThat(hundred.quantile(0.95)).isEqualTo(95);
    assertThat(hundred.quantile(1)).isEqualTo(100);
    assertThat(Samples.median(List.of(9.0, 1.0, 4.0))).isEqualTo(4);
    assertThat(Samples.median(List.of(4.0, 1.0))).isEqualTo(2.5);
  }

  @Test
  void optionsThatMakeNoSenseAreNamed() {
    Map<String, String> given = Map.of("rounds", "0", "loads", "1,-2", "scale", "x");
    assertThat(Numbers.positive(given, "requests", 7)).isEqualTo(7);
    for (String name : List.of("loads", "scale")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Numbers.positiveReals(given, name, "1"))
          .withMessageContaining("--" + name);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Numbers.positive(given, "rounds", 1))
        .withMessageContaining("--rounds");
    for (EnginePart part : List.of(new PoliciesPart(), new ChunkingPart())) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> part.run(Map.of(), line -> {}))
          .withMessageContaining("--model");
    }
  }
}
