package dev.andante.model.experts;

import dev.andante.compute.Backend;
import dev.andante.compute.Tensor;
import dev.andante.model.ExpertExecutor;
import dev.andante.model.Routing;
import java.util.Arrays;

/** Runs experts in this process, one after the other, each on all of its rows. */
public final class LocalExperts implements ExpertExecutor {

  private final Backend backend;
  private final ExpertWeights weights;
  private final ScratchPool<ExpertScratch> scratches;

  /**
   * @param weights all experts of the model
   */
  public LocalExperts(Backend backend, ExpertWeights weights) {
    this.backend = backend;
    this.weights = weights;
    this.scratches =
        new ScratchPool<>(
            rows -> new ExpertScratch(backend, weights.hiddenSize(), weights.innerSize(), rows));
  }

  @Override
  public void apply(int layer, Tensor x, Routing routing, Tensor out) {
    ExpertGroups groups = ExpertGroups.of(routing, weights.count());
    backend.clear(out);
    ExpertScratch scratch = scratches.acquire(routing.rows());
    try {
      for (int i = 0; i < groups.size(); i++) {
        int from = groups.offsets()[i];
        int to = groups.offsets()[i + 1];
        int[] rows = Arrays.copyOfRange(groups.rows(), from, to);
        float[] scales = Arrays.copyOfRange(groups.weights(), from, to);
        Tensor result = scratch.run(weights.expert(layer, groups.experts()[i]), x, rows);
        backend.scatterAddRows(result, rows, scales, out);
      }
    } finally {
      scratches.release(scratch);
    }
  }

  @Override
  public void close() {
    scratches.close();
  }
}
