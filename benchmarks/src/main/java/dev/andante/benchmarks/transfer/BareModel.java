package dev.andante.benchmarks.transfer;

import dev.andante.compute.Batch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.Tensor;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.RopeConfig;
import dev.andante.model.Workspace;

/** A model of a certain shape that computes nothing: its engine only keeps KV that comes. */
record BareModel(int layers, int kvHeads, int headDim, int contextLength) implements LanguageModel {

  private record NoWorkspace(int maxRows, int maxLogitRows) implements Workspace {
    @Override
    public void close() {}
  }

  @Override
  public ModelConfig config() {
    return new ModelConfig(
        "bare",
        16,
        contextLength,
        kvHeads * headDim,
        layers,
        kvHeads,
        kvHeads,
        headDim,
        kvHeads * headDim,
        1e-5f,
        new RopeConfig(RopeParameters.Style.HALVES, new float[headDim / 2], 1),
        true,
        null);
  }

  @Override
  public String fingerprint() {
    return "bare";
  }

  @Override
  public KvLayout kvLayout(int blockSize, DType dtype) {
    return new KvLayout(layers, kvHeads, headDim, blockSize, dtype);
  }

  @Override
  public Workspace workspace(int maxRows, int maxLogitRows) {
    return new NoWorkspace(maxRows, maxLogitRows);
  }

  @Override
  public Tensor forward(Batch batch, KvPool cache, Workspace workspace) {
    throw new IllegalStateException("nothing was asked for that has to be computed");
  }

  @Override
  public void close() {}
}
