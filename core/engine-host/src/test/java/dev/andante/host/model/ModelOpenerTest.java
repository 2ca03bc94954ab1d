package dev.andante.host.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.host.config.ComputeProperties;
import dev.andante.host.config.ComputeProperties.PrecisionChoice;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.ExpertExecutor;
import dev.andante.model.ExpertExecutorFactory;
import dev.andante.model.Routing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelOpenerTest {

  private static final float BORNE = 0.05f;
  private static final float NOT_BORNE = 0.5f;

  @TempDir Path folder;

  private final ComputePool pool = new ComputePool(1);
  private final List<NoisyBackend> opened = new ArrayList<>();
  private int exactlyOpened;

  @AfterEach
  void closePool() {
    pool.close();
  }

  /** What it computed, and in which precision it runs. */
  private record Start(int passes, Precision precision, int models) {}

  private Start start(float noise, String build, String probeFolder) {
    opened.clear();
    exactlyOpened = 0;
    ModelOpener opener =
        new ModelOpener(
            new ModelProperties("dummy:llama-tiny", "", 0),
            new ComputeProperties("auto", PrecisionChoice.AUTO, 1, probeFolder),
            pool,
            Optional::empty,
            precision -> open(precision, noise),
            _ -> Optional.of(build).filter(known -> !known.isEmpty()));
    try (LoadedModel made = opener.open()) {
      Start start =
          new Start(
              opened.stream().mapToInt(NoisyBackend::passes).sum(),
              made.backend().precision(),
              opened.size() + exactlyOpened);
      assertThat(opened)
          .as("what was given up is closed, what is used is open")
          .allMatch(noisy -> noisy.isClosed() == (start.precision() == Precision.EXACT));
      return start;
    }
  }

  private Backend open(Precision precision, float noise) {
    Backend reference = Backends.open("reference", pool);
    if (precision == Precision.EXACT) {
      exactlyOpened++;
      return reference;
    }
    NoisyBackend noisy = new NoisyBackend(reference, noise, 1);
    opened.add(noisy);
    return noisy.backend();
  }

  private Start start(float noise) {
    return start(noise, "a build", folder.resolve("made/if need be").toString());
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void aSecondStartDoesNotCompute() throws IOException {
    Start first = start(BORNE);
    assertThat(first.passes()).isPositive();
    assertThat(first.precision()).isEqualTo(Precision.FAST);
    assertThat(files()).hasSize(1);
    assertThat(start(BORNE)).isEqualTo(new Start(0, Precision.FAST, 1));
  }

  @Test
  void whatIsKnownNotToBeBorneIsNotEvenLoaded() {
    Start first = start(NOT_BORNE);
    assertThat(first.passes()).isPositive();
    assertThat(first.precision()).isEqualTo(Precision.EXACT);
    assertThat(start(NOT_BORNE)).isEqualTo(new Start(0, Precision.EXACT, 2));
  }

  @Test
  void anotherBuildProbesAgain() throws IOException {
    int passes = start(BORNE).passes();
    String made = files().getFirst().getParent().toString();
    assertThat(start(BORNE, "another build", made).passes()).isEqualTo(passes);
    assertThat(files()).hasSize(2);
  }

  @Test
  void withoutAFolderOrAKnownBuildNothingIsKept() throws IOException {
    int passes = start(BORNE, "a build", "").passes();
    assertThat(start(BORNE, "a build", "").passes()).isEqualTo(passes);
    assertThat(start(BORNE, "", folder.toString()).passes()).isEqualTo(passes);
    assertThat(files()).isEmpty();
  }

  @Test
  void aDamagedFileMeansProbingAgainAndIsReplaced() throws IOException {
    int passes = start(BORNE).passes();
    Path file = files().getFirst();
    String whole = Files.readString(file);
    Files.writeString(file, "");
    assertThat(start(BORNE)).isEqualTo(new Start(passes, Precision.FAST, 1));
    assertThat(file).hasContent(whole);
  }

  @Test
  void aFolderThatCannotBeUsedFailsNoStart() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    Start start = start(BORNE, "a build", file.resolve("below").toString());
    assertThat(start.passes()).isPositive();
    assertThat(start.precision()).isEqualTo(Precision.FAST);
    assertThat(file).hasContent("no folder");
  }

  @Test
  void withExpertsElsewhereNothingIsProbedOrLoadedToFindOut() throws IOException {
    ExpertExecutorFactory elsewhere = (_, _, _) -> new NoExperts();
    ModelOpener opener =
        new ModelOpener(
            new ModelProperties("dummy:mixtral-tiny", "", 0),
            new ComputeProperties("auto", PrecisionChoice.AUTO, 1, folder.toString()),
            pool,
            () -> Optional.of(elsewhere),
            precision -> open(precision, BORNE),
            _ -> Optional.of("a build"));
    try (LoadedModel made = opener.open()) {
      assertThat(made.backend().precision()).isEqualTo(Precision.EXACT);
    }
    assertThat(opened).hasSize(1).allMatch(noisy -> noisy.passes() == 0 && noisy.isClosed());
    assertThat(files()).isEmpty();
  }

  /** Stands for experts in another process. */
  private static final class NoExperts implements ExpertExecutor {

    @Override
    public void apply(int layer, Tensor x, Routing routing, Tensor out) {
      throw new AssertionError("computes");
    }

    @Override
    public void close() {}
  }

  @Test
  void aPrecisionThatIsSetIsNotProbed() throws IOException {
    for (PrecisionChoice choice : List.of(PrecisionChoice.EXACT, PrecisionChoice.FAST)) {
      ModelOpener opener =
          new ModelOpener(
              new ModelProperties("dummy:llama-tiny", "", 0),
              new ComputeProperties("auto", choice, 1, folder.toString()),
              pool,
              Optional::empty,
              precision -> open(precision, NOT_BORNE),
              _ -> Optional.of("a build"));
      try (LoadedModel made = opener.open()) {
        assertThat(made.backend().precision().name()).isEqualTo(choice.name());
      }
    }
    assertThat(opened).hasSize(1).allMatch(noisy -> noisy.passes() == 0);
    assertThat(files()).isEmpty();
  }
}
