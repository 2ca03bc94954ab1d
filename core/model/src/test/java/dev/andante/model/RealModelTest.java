package dev.andante.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.format.WeightFiles;
import dev.andante.model.loading.Models;
import dev.andante.testkit.TestModels;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The default model, Q4_1 weights with f32 activations and f32 KV, against what the file says
 * computed exactly. Bounds are the reference data's own advice for such arithmetic.
 */
class RealModelTest {

  private static final System.Logger LOG = System.getLogger(RealModelTest.class.getName());
  private static final double MAX_LOGIT_DIFFERENCE = 0.1;
  private static final double MEDIAN_LOGIT_DIFFERENCE = 0.02;
  private static final double DECIDED = 0.02;
  private static final double PERPLEXITY_RATIO = 0.0005;
  private static final int CHUNK = 256;

  /** What one use of the model needs, closed together. */
  private record Loaded(ComputePool pool, Backend backend, LanguageModel model)
      implements AutoCloseable {

    static Loaded open(String backendName) {
      Path path = TestModels.requireRealModel();
      ComputePool pool = ComputePool.ofAvailableProcessors();
      Backend backend = TestBackends.open(backendName, pool);
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
  @Test
  void vectorBackendFollowsTheReferenceOnAllPrompts() {
    List<RealPrompt> prompts = RealPrompt.all();
    List<Double> differences = new ArrayList<>();
    try (Loaded loaded = Loaded.open("vector")) {
      for (RealPrompt prompt : prompts) {
        differences.add(follow(loaded, prompt, prompt.greedy().length));
      }
    }
    Collections.sort(differences);
    double median = differences.get(differences.size() / 2);
    LOG.log(
        Level.INFO,
        "logit difference: median {0}, max {1}",
        String.valueOf(median),
        String.valueOf(differences.getLast()));
    assertThat(differences).hasSize(18);
    assertThat(median).isLessThan(MEDIAN_LOGIT_DIFFERENCE);
    assertThat(differences.getLast()).isLessThan(MAX_LOGIT_DIFFERENCE);
  }

  @Test
  void vectorBackendHasTheReferencePerplexity() {
    JsonNode golden =
        JsonMapper.shared()
            .readTree(TestModels.requireGolden().resolve("perplexity.json").toFile());
    int[] ids = ZooModel.ints(golden.get("ids"));
    double[] expected = RealPrompt.doubles(golden.get("nll"));
    double sum = 0;
    try (Loaded loaded = Loaded.open("vector");
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
    LOG.log(Level.INFO, "perplexity ratio {0}", String.valueOf(ratio));
    assertThat(ratio).isEqualTo(1, within(PERPLEXITY_RATIO));
  }

  @Test
  void referenceBackendFollowsTheReferenceOnAShortPrompt() {
    RealPrompt prompt =
        RealPrompt.all().stream().filter(p -> p.name().equals("capital")).findFirst().orElseThrow();
    try (Loaded loaded = Loaded.open("reference")) {
      assertThat(follow(loaded, prompt, 8)).isLessThan(MAX_LOGIT_DIFFERENCE);
      try (Sequence sequence = loaded.sequence(prompt.ids().length)) {
        float[] logits = sequence.append(prompt.ids());
        int vocabulary = loaded.model().config().vocabularySize();
        for (int i = 0; i < prompt.ids().length; i++) {
          assertThat(logSumExp(logits, i * vocabulary, vocabulary))
              .isEqualTo(prompt.logSumExp()[i], within(MAX_LOGIT_DIFFERENCE));
        }
      }
    }
  }

  /** Checks the first {@code steps} greedy tokens; returns how far the last logits are off. */
  private static double follow(Loaded loaded, RealPrompt prompt, int steps) {
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
        if (prompt.margins()[step] > DECIDED) {
          assertThat(Sequence.argmax(row))
              .as("%s, step %d", prompt.name(), step)
              .isEqualTo(prompt.greedy()[step]);
        }
      }
      return GoldenZooTest.largestDifference(
          Arrays.copyOf(logits, vocabulary), prompt.lastLogits());
    }
  }

  private static double logSumExp(float[] logits, int from, int length) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = from; i < from + length; i++) {
      max = Math.max(max, logits[i]);
    }
    double sum = 0;
    for (int i = from; i < from + length; i++) {
      sum += Math.exp(logits[i] - max);
    }
    return max + Math.log(sum);
  }
}
