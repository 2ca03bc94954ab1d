package dev.andante.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.Batch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.KvPool;
import dev.andante.compute.Precision;
import dev.andante.model.LanguageModel;
import dev.andante.model.Workspace;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import dev.andante.model.loading.ModelOptions;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WatchedModelTest {

  @Test
  void stepsOfAsManyAnswersAreNotedAndGapsBetweenNeighbours() {
    try (ComputePool pool = new ComputePool(1);
        Backend backend = Backends.open(Backends.AUTO, pool, Precision.EXACT);
        LanguageModel model =
            DummyModels.load(TinyModels.llamaConfig(), backend, 1, ModelOptions.defaults());
        KvPool memory = backend.allocateKv(model.kvLayout(16, DType.F32), 4);
        Workspace workspace = model.workspace(8, 8)) {
      WatchedModel watched = new WatchedModel(model, 2, 5);
      int[][] shapes = {{3}, {1, 1}, {1, 1}, {1, 1}, {1, 2}, {1, 1}, {2}, {1, 1}, {1, 1}, {1, 1}};
      for (int[] shape : shapes) {
        watched.forward(batch(shape), memory, workspace);
      }
      assertThat(watched.passes().toArray()).hasSize(5); // no more than asked for
      assertThat(watched.gaps().toArray()).hasSize(2);
      watched.close();
      model.forward(batch(1), memory, workspace); // is still open
    }
  }

  /** New tokens of each sequence, all at the beginning. */
  private static Batch batch(int... rows) {
    int[] starts = new int[rows.length + 1];
    for (int s = 0; s < rows.length; s++) {
      starts[s + 1] = starts[s] + rows[s];
    }
    int all = starts[rows.length];
    return new Batch(
        new int[all],
        starts,
        new int[rows.length],
        IntStream.range(0, rows.length).mapToObj(s -> new int[] {s}).toArray(int[][]::new),
        IntStream.range(0, all).toArray());
  }
}
