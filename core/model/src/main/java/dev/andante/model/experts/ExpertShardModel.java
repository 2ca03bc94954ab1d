package dev.andante.model.experts;

import dev.andante.compute.Backend;
import dev.andante.compute.Tensor;
import dev.andante.model.ModelConfig;
import java.util.Arrays;
import java.util.Set;

/**
 * Some experts of every layer, for a process that runs nothing else of the model. Methods may be
 * called by several threads at once.
 */
public final class ExpertShardModel implements AutoCloseable {

  private final ModelConfig config;
  private final String fingerprint;
  private final Backend backend;
  private final ExpertWeights weights;
  private final Runnable onClose;
  private final ScratchPool<ShardScratch> scratches;

  /**
   * @param fingerprint of the whole model
   * @param onClose frees what the weights are views of, the mapped file
   */
  public ExpertShardModel(
      ModelConfig config,
      String fingerprint,
      Backend backend,
      ExpertWeights weights,
      Runnable onClose) {
    this.config = config;
    this.fingerprint = fingerprint;
    this.backend = backend;
    this.weights = weights;
    this.onClose = onClose;
    this.scratches =
        new ScratchPool<>(
            rows -> new ShardScratch(backend, weights.hiddenSize(), weights.innerSize(), rows));
  }

  public ModelConfig config() {
    return config;
  }

  /** As {@link dev.andante.model.LanguageModel#fingerprint()} of the model it is a part of. */
  public String fingerprint() {
    return fingerprint;
  }

  /** Ids held in every layer that has experts, ascending. */
  public Set<Integer> experts() {
    return weights.ids();
  }

  public int hiddenSize() {
    return weights.hiddenSize();
  }

  /**
   * Outputs of experts, not yet weighted.
   *
   * @param experts ids, each held here
   * @param rowsPerExpert how many rows each gets, at least 1
   * @param activations {@code [Σ rowsPerExpert, hidden]}, grouped by expert in that order
   * @return a new array of the same shape and order
   * @throws IllegalArgumentException if the arguments do not fit together or this shard
   */
  public float[] compute(int layer, int[] experts, int[] rowsPerExpert, float[] activations) {
    int rows = requireConsistent(layer, experts, rowsPerExpert, activations);
    float[] results = new float[activations.length];
    if (rows == 0) {
      return results;
    }
    ShardScratch scratch = scratches.acquire(rows);
    try {
      Tensor x = scratch.activations().rows(rows);
      Tensor out = scratch.results().rows(rows);
      backend.write(activations, x);
      backend.clear(out);
      int from = 0;
      for (int i = 0; i < experts.length; i++) {
        int[] group = run(from, rowsPerExpert[i]);
        Tensor result = scratch.expert().run(weights.expert(layer, experts[i]), x, group);
        backend.scatterAddRows(result, group, ones(group.length), out);
        from += rowsPerExpert[i];
      }
      backend.read(out, results);
      return results;
    } finally {
      scratches.release(scratch);
    }
  }

  /** Frees scratch memory and the file, not the backend. */
  @Override
  public void close() {
    scratches.close();
    onClose.run();
  }

  private int requireConsistent(
      int layer, int[] experts, int[] rowsPerExpert, float[] activations) {
    if (experts.length != rowsPerExpert.length) {
      throw new IllegalArgumentException(
          experts.length + " experts but row counts for " + rowsPerExpert.length);
    }
    long rows = 0;
    for (int i = 0; i < experts.length; i++) {
      Object held = weights.expert(layer, experts[i]);
      if (held == null || rowsPerExpert[i] < 1) {
        throw new IllegalArgumentException(
            "expert " + experts[i] + " is asked to run on " + rowsPerExpert[i] + " rows");
      }
      rows += rowsPerExpert[i];
    }
    if (rows * weights.hiddenSize() != activations.length) {
      throw new IllegalArgumentException(
          activations.length
              + " numbers for "
              + rows
              + " rows of "
              + weights.hiddenSize()
              + " elements");
    }
    return Math.toIntExact(rows);
  }

  private static int[] run(int from, int count) {
    int[] rows = new int[count];
    Arrays.setAll(rows, i -> from + i);
    return rows;
  }

  private static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  private record ShardScratch(Tensor activations, Tensor results, ExpertScratch expert)
      implements Scratch {

    ShardScratch(Backend backend, int hiddenSize, int innerSize, int rows) {
      this(
          backend.allocate(rows, hiddenSize),
          backend.allocate(rows, hiddenSize),
          new ExpertScratch(backend, hiddenSize, innerSize, rows));
    }

    @Override
    public int capacity() {
      return activations.rows();
    }

    @Override
    public void close() {
      activations.close();
      results.close();
      expert.close();
    }
  }
}
