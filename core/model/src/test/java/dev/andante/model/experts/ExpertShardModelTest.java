package dev.andante.model.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Backend;
import dev.andante.model.TestBackends;
import dev.andante.model.UnsupportedModelException;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ExpertShardModelTest {

  private static final int HIDDEN = 32;

  private final Backend backend = TestBackends.reference();
  private final ExpertShardModel shard = shard(Set.of(3, 1));

  private ExpertShardModel shard(Set<Integer> experts) {
    return DummyModels.loadShard(TinyModels.mixtralConfig(), backend, 1, experts);
  }

  @AfterEach
  void close() {
    shard.close();
    backend.close();
  }

  private static float[] rows(int n) {
    Random random = new Random(n);
    float[] rows = new float[n * HIDDEN];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (float) random.nextGaussian();
    }
    return rows;
  }

  @Test
  void rowsDoNotDependOnTheirNeighbours() {
    float[] x = rows(5);

    float[] together = shard.compute(1, new int[] {1, 3}, new int[] {2, 3}, x);

    for (int row = 0; row < 5; row++) {
      float[] one = Arrays.copyOfRange(x, row * HIDDEN, (row + 1) * HIDDEN);
      assertThat(shard.compute(1, new int[] {row < 2 ? 1 : 3}, new int[] {1}, one))
          .isEqualTo(Arrays.copyOfRange(together, row * HIDDEN, (row + 1) * HIDDEN));
    }
  }

  @Test
  void severalThreadsMayComputeAtOnce() {
    float[] x = rows(6);
    float[] expected = shard.compute(0, new int[] {1, 3}, new int[] {4, 2}, x);

    List<float[]> results =
        IntStream.range(0, 64)
            .parallel()
            .mapToObj(_ -> shard.compute(0, new int[] {1, 3}, new int[] {4, 2}, x))
            .toList();

    assertThat(results).allSatisfy(result -> assertThat(result).isEqualTo(expected));
  }

  @Test
  void expertsAndLayersDiffer() {
    float[] x = rows(1);
    int[] one = {1};

    assertThat(shard.compute(0, new int[] {1}, one, x))
        .isNotEqualTo(shard.compute(0, new int[] {3}, one, x))
        .isNotEqualTo(shard.compute(1, new int[] {1}, one, x));
  }

  @Test
  void nothingToDoGivesNothing() {
    assertThat(shard.compute(0, new int[0], new int[0], new float[0])).isEmpty();
  }

  @Test
  void refusesExpertsThatAreElsewhere() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shard.compute(0, new int[] {2}, new int[] {1}, rows(1)))
        .withMessageContaining("expert 2 of layer 0 is not held here; held: [1, 3]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shard.compute(2, new int[] {1}, new int[] {1}, rows(1)))
        .withMessageContaining("layer 2");
  }

  @Test
  void refusesShapesThatDoNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shard.compute(0, new int[] {1}, new int[] {1, 1}, rows(2)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shard.compute(0, new int[] {1}, new int[] {3}, rows(2)))
        .withMessageContaining("64 numbers for 3 rows");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shard.compute(0, new int[] {1}, new int[] {0}, new float[0]));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shard.compute(0, new int[] {1}, new int[] {-1}, new float[0]));
  }

  @Test
  void refusesExpertsThatTheModelDoesNotHave() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shard(Set.of(4)))
        .withMessageContaining("0 to 3");
    assertThatIllegalArgumentException().isThrownBy(() -> shard(Set.of()));
  }

  @Test
  void refusesDenseModels() {
    assertThatThrownBy(() -> DummyModels.loadShard(TinyModels.llamaConfig(), backend, 1, Set.of(0)))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("mixture-of-experts");
  }
}
