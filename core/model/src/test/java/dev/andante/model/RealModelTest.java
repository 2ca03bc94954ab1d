package dev.andante.model;

import static dev.andante.testkit.TestLogits.logSumExp;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.format.WeightFiles;
import dev.andante.model.loading.Models;
import dev.andante.testkit.TestModels;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The default model with Q4_1 weights against what the file says computed exactly. Bounds are the
 * reference data's own advice for each kind of arithmetic.
 */
@Tag("slow")
class RealModelTest {

  private static final System.Logger LOG = System.getLogger(RealModelTest.class.getName());

  /** How far an arithmetic may be off. */
  enum Bounds {
    F32(0.02, 0.1, 0.02, 1, 0.0005),
    /** For products of many rows; fewer are of the other kind. */
    BF16(2, 2, 0.5, 0.04, 0.002),
    I8(2, 2, 0.5, 0.04, 0.01);

    /** Of the largest difference of a logit, over prompts. */
    private final double medianLogit;

    private final double maxLogit;

    /** Margin of the reference beyond which a step must agree. */
    private final double decided;

    /** Share of the steps that may differ below it. */
    private final double differing;

    /** How far the ratio to the reference's perplexity may be from 1. */
    private final double perplexity;

    Bounds(
        double medianLogit, double maxLogit, double decided, double differing, double perplexity) {
      this.medianLogit = medianLogit;
      this.maxLogit = maxLogit;
      this.decided = decided;
      this.differing = differing;
      this.perplexity = perplexity;
    }
  }

  private static final int CHUNK = 256;

  /** What one use of the model needs, closed together. */
  private record Loaded(ComputePool pool, Backend backend, LanguageModel model)
      implements AutoCloseable {

    static Loaded open(String backendName, Precision precision) {
      Path path = TestModels.requireRealModel();
      ComputePool pool = ComputePool.ofAvailableProcessors();
      Backend backend = TestBackends.open(backendName, pool, precision);
      return new Loaded(pool, backend, Models.load(WeightFiles.open(path), backend));
    }

    Sequence sequence(int tokens) {
      return new Sequence(model, backend, tokens, Math.min(tokens, CHUNK));
    }

    @Override
    public void close() {
      model.close();
      backend.close();
      pool.close();
    }
  }

  /** The golden tokens are fed, so that one decision on the margin does not change the rest. */
  @ParameterizedTest
  @CsvSource({
    "vector, EXACT, F32",
    "native, EXACT, F32",
    "native, FAST, I8",
    "onednn, FAST, BF16",
    "onednn-s8, FAST, I8"
  })
  void aBackendFollowsTheReferenceOnAllPrompts(String backend, Precision precision, Bounds bounds) {
    List<RealPrompt> prompts = RealPrompt.all();
    List<Double> differences = new ArrayList<>();
    int differing = 0;
    int steps = 0;
    try (Loaded loaded = Loaded.open(backend, precision)) {
      for (RealPrompt prompt : prompts) {
        Followed followed = follow(loaded, prompt, prompt.greedy().length, bounds);
        differences.add(followed.logitDifference());
        differing += followed.differing();
        steps += prompt.greedy().length;
      }
    }
    Collections.sort(differences);
    double median = differences.get(differences.size() / 2);
    LOG.log(
        Level.INFO,
        "{0} {1}: logit difference median {2}, max {3}; {4} of {5} steps differ",
        backend,
        precision,
        String.valueOf(median),
        String.valueOf(differences.getLast()),
        differing,
        steps);
    assertThat(differences).hasSize(18);
    assertThat(median).isLessThan(bounds.medianLogit);
    assertThat(differences.getLast()).isLessThan(bounds.maxLogit);
    assertThat(differing / (double) steps).isLessThanOrEqualTo(bounds.differing);
  }

  @ParameterizedTest
  @CsvSource({
    "vector, EXACT, F32",
    "native, EXACT, F32",
    "native, FAST, I8",
    "onednn, FAST, BF16",
    "onednn-s8, FAST, I8"
  })
  void aBackendHasTheReferencePerplexity(String backend, Precision precision, Bounds bounds) {
    JsonNode golden =
        JsonMapper.shared()
            .readTree(TestModels.requireGolden().resolve("perplexity.json").toFile());
    int[] ids = ZooModel.ints(golden.get("ids"));
    double[] expected = RealPrompt.doubles(golden.get("nll"));
    double sum = 0;
    try (Loaded loaded = Loaded.open(backend, precision);
        Sequence sequence = loaded.sequence(ids.length)) {
      int vocabulary = loaded.model().config().vocabularySize();
      for (int from = 0; from < ids.length; from += CHUNK) {
        float[] logits = sequence.append(Arrays.copyOfRange(ids, from, from + CHUNK));
        for (int i = from; i < Math.min(from + CHUNK, ids.length - 1); i++) {
          int at = (i - from) * vocabulary;
          sum += logSumExp(logits, at, vocabulary) - logits[at + ids[i + 1]];
        }
      }
    }
    double ratio =
        Math.exp(sum / expected.length - Arrays.stream(expected).average().orElseThrow());
    LOG.log(Level.INFO, "{0} {1}: perplexity ratio {2}", backend, precision, String.valueOf(ratio));
    assertThat(ratio).isEqualTo(1, within(bounds.perplexity));
  }

  @Test
  void referenceBackendFollowsTheReferenceOnAShortPrompt() {
    RealPrompt prompt =
        RealPrompt.all().stream().filter(p -> p.name().equals("capital")).findFirst().orElseThrow();
    try (Loaded loaded = Loaded.open("reference", Precision.EXACT)) {
      assertThat(follow(loaded, prompt, 8, Bounds.F32).logitDifference())
          .isLessThan(Bounds.F32.maxLogit);
      try (Sequence sequence = loaded.sequence(prompt.ids().length)) {
        float[] logits = sequence.append(prompt.ids());
        int vocabulary = loaded.model().config().vocabularySize();
        for (int i = 0; i < prompt.ids().length; i++) {
          assertThat(logSumExp(logits, i * vocabulary, vocabulary))
              .isEqualTo(prompt.logSumExp()[i], within(Bounds.F32.maxLogit));
        }
      }
    }
  }

  /**
   * @param logitDifference how far the last logits are off
   * @param differing steps at which another token is ahead
   */
  private record Followed(double logitDifference, int differing) {}

  /** Checks the first {@code steps} greedy tokens. */
  private static Followed follow(Loaded loaded, RealPrompt prompt, int steps, Bounds bounds) {
    int differing = 0;
    int[] ids = prompt.ids();
    int[] fed = new int[steps];
    fed[0] = ids[ids.length - 1];
    System.arraycopy(prompt.greedy(), 0, fed, 1, steps - 1);
    try (Sequence sequence = loaded.sequence(ids.length + steps)) {
      for (int from = 0; from < ids.length - 1; from += CHUNK) {
        int to = Math.min(ids.length - 1, from + CHUNK);
        sequence.appendForLast(Arrays.copyOfRange(ids, from, to));
      }
      float[] logits = sequence.append(fed);
      int vocabulary = loaded.model().config().vocabularySize();
      for (int step = 0; step < steps; step++) {
        float[] row = Arrays.copyOfRange(logits, step * vocabulary, (step + 1) * vocabulary);
        if (Sequence.argmax(row) != prompt.greedy()[step]) {
          differing++;
          assertThat(prompt.margins()[step])
              .as("%s, margin of step %d, which differs", prompt.name(), step)
              .isLessThanOrEqualTo(bounds.decided);
        }
      }
      return new Followed(
          GoldenZooTest.largestDifference(Arrays.copyOf(logits, vocabulary), prompt.lastLogits()),
          differing);
    }
  }
}
