package dev.andante.model.dummy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.DType;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;
import dev.andante.model.LanguageModel;
import dev.andante.model.Sequence;
import dev.andante.model.TestBackends;
import dev.andante.model.Workspace;
import dev.andante.model.loading.ModelOptions;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TinyModelsTest {

  enum Kind {
    DENSE,
    EXPERTS
  }

  private static final int[] PROMPT = {1, 2, 3, 5, 8, 13, 21, 34};

  private final Backend backend = TestBackends.reference();

  @AfterEach
  void close() {
    backend.close();
  }

  private LanguageModel load(Kind kind, long seed) {
    return switch (kind) {
      case DENSE -> TinyModels.llama(backend, seed);
      case EXPERTS -> TinyModels.mixtral(backend, seed);
    };
  }

  private float[] last(LanguageModel model, int... tokens) {
    try (Sequence sequence = new Sequence(model, backend, tokens.length, tokens.length)) {
      return sequence.appendForLast(tokens);
    }
  }

  @ParameterizedTest
  @EnumSource
  void seedsDecideWeightsAndFingerprint(Kind kind) {
    try (LanguageModel one = load(kind, 1);
        LanguageModel again = load(kind, 1);
        LanguageModel other = load(kind, 2)) {
      assertThat(again.fingerprint()).isEqualTo(one.fingerprint());
      assertThat(other.fingerprint()).isNotEqualTo(one.fingerprint());
      assertThat(last(again, PROMPT)).isEqualTo(last(one, PROMPT));
      assertThat(last(other, PROMPT)).isNotEqualTo(last(one, PROMPT));
    }
  }

  @ParameterizedTest
  @EnumSource
  void greedyTextIsNotOneTokenForEver(Kind kind) {
    Set<Integer> seen = new HashSet<>();
    try (LanguageModel model = load(kind, 1);
        Sequence sequence = new Sequence(model, backend, 64, PROMPT.length)) {
      int token = Sequence.argmax(sequence.appendForLast(PROMPT));
      for (int i = 0; i < 32; i++) {
        seen.add(token);
        token = Sequence.argmax(sequence.appendForLast(token));
      }
    }
    assertThat(seen).hasSizeGreaterThan(4);
  }

  /** Three sequences at different positions in one pass, as a scheduler mixes them. */
  @ParameterizedTest
  @EnumSource
  void rowsOfABatchDoNotInfluenceEachOther(Kind kind) {
    try (LanguageModel model = load(kind, 3);
        KvPool cache = backend.allocateKv(model.kvLayout(4, DType.F32), 9);
        Workspace workspace = model.workspace(16, 3)) {
      int[][] tables = {{8, 2, 5}, {0, 7}, {3}};
      // The first five tokens of the first sequence, then all three together.
      model.forward(
          new Batch(
              Arrays.copyOf(PROMPT, 5),
              new int[] {0, 5},
              new int[] {0},
              new int[][] {tables[0]},
              new int[0]),
          cache,
          workspace);
      Tensor logits =
          model.forward(
              new Batch(
                  new int[] {13, 21, 34, 9, 9, 9, 9, 9, 200},
                  new int[] {0, 3, 8, 9},
                  new int[] {5, 0, 0},
                  tables,
                  new int[] {2, 7, 8}),
              cache,
              workspace);
      float[] together = new float[3 * 256];
      backend.read(logits, together);

      assertThat(Arrays.copyOfRange(together, 0, 256)).isEqualTo(last(model, PROMPT));
      assertThat(Arrays.copyOfRange(together, 256, 512)).isEqualTo(last(model, 9, 9, 9, 9, 9));
      assertThat(Arrays.copyOfRange(together, 512, 768)).isEqualTo(last(model, 200));
    }
  }

  @Test
  void passWithoutLogitRowsReturnsNone() {
    try (LanguageModel model = load(Kind.DENSE, 1);
        KvPool cache = backend.allocateKv(model.kvLayout(4, DType.F32), 1);
        Workspace workspace = model.workspace(2, 0)) {
      assertThat(model.forward(batch(new int[] {7}, 0), cache, workspace).rows()).isZero();
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    try (LanguageModel model =
            DummyModels.load(
                TinyModels.llamaConfig(),
                backend,
                1,
                ModelOptions.defaults().withMaxContextLength(6));
        KvPool cache = backend.allocateKv(model.kvLayout(4, DType.F32), 4);
        Workspace workspace = model.workspace(4, 1);
        LanguageModel other = load(Kind.DENSE, 1)) {
      assertThat(model.config().contextLength()).isEqualTo(6);
      assertThat(model.fingerprint()).isEqualTo(other.fingerprint());
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.forward(batch(new int[5], 0), cache, workspace))
          .withMessageContaining("5 rows");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.forward(batch(new int[] {256}, 0), cache, workspace))
          .withMessageContaining("token 256");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.forward(batch(new int[] {-1}, 0), cache, workspace));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.forward(batch(new int[4], 3), cache, workspace))
          .withMessageContaining("7 tokens of 6");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.forward(batch(new int[0], 0), cache, workspace));
      assertThatIllegalArgumentException().isThrownBy(() -> model.workspace(0, 0));
      assertThatIllegalArgumentException().isThrownBy(() -> model.workspace(2, 3));
    }
  }

  private static Batch batch(int[] tokens, int context) {
    return new Batch(
        tokens,
        new int[] {0, tokens.length},
        new int[] {context},
        new int[][] {{0, 1, 2, 3}},
        new int[0]);
  }
}
