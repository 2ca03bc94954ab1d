package dev.andante.model.layers;

import dev.andante.compute.Backend;
import dev.andante.compute.Tensor;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** All tensors that a {@link Transformer} needs for one pass. */
final class TransformerWorkspace implements Workspace {

  private final ModelConfig config;
  private final int maxRows;
  private final int maxLogitRows;
  private final List<Tensor> owned = new ArrayList<>();
  private final Tensor hidden;
  private final Tensor normed;
  private final Tensor qkv;
  private final Tensor attended;
  private final Tensor gateUp;
  private final Tensor inner;
  private final Activations.@Nullable Moe moe;
  private final Tensor lastHidden;
  private final Tensor logits;
  private @Nullable Activations last;

  TransformerWorkspace(Backend backend, ModelConfig config, int maxRows, int maxLogitRows) {
    if (maxRows < 1 || maxLogitRows < 0 || maxLogitRows > maxRows) {
      throw new IllegalArgumentException(
          "a workspace of " + maxRows + " rows and " + maxLogitRows + " logit rows");
    }
    this.config = config;
    this.maxRows = maxRows;
    this.maxLogitRows = maxLogitRows;
    int logitRows = Math.max(1, maxLogitRows);
    int heads = config.heads() + 2 * config.kvHeads();
    try {
      hidden = allocate(backend, maxRows, config.hiddenSize());
      normed = allocate(backend, maxRows, config.hiddenSize());
      qkv = allocate(backend, maxRows, heads * config.headDim());
      attended = allocate(backend, maxRows, config.heads() * config.headDim());
      int feedForward = hasDenseLayers(config) ? config.feedForwardSize() : 1;
      gateUp = allocate(backend, maxRows, 2 * feedForward);
      inner = allocate(backend, maxRows, feedForward);
      moe = allocateMoe(backend, config.moe());
      lastHidden = allocate(backend, logitRows, config.hiddenSize());
      logits = own(backend.allocateOnDemand(logitRows, config.vocabularySize()));
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  @Override
  public int maxRows() {
    return maxRows;
  }

  @Override
  public int maxLogitRows() {
    return maxLogitRows;
  }

  /** Views with exactly {@code rows} rows; those of the last call are kept. */
  Activations activations(int rows) {
    Activations views = last;
    if (views == null || views.rows() != rows) {
      views = views(rows);
      last = views;
    }
    return views;
  }

  /** Hidden states whose logits are wanted. */
  Tensor lastHidden(int rows) {
    return lastHidden.rows(rows);
  }

  Tensor logits(int rows) {
    return logits.rows(rows);
  }

  @Override
  public void close() {
    owned.forEach(Tensor::close);
    owned.clear();
  }

  private Activations views(int rows) {
    int queries = config.heads() * config.headDim();
    int keys = config.kvHeads() * config.headDim();
    Tensor heads = qkv.rows(rows);
    return new Activations(
        rows,
        hidden.rows(rows),
        normed.rows(rows),
        heads,
        heads.columns(0, queries),
        heads.columns(queries, queries + keys),
        heads.columns(queries + keys, queries + 2 * keys),
        attended.rows(rows),
        gateUp.rows(rows),
        inner.rows(rows),
        moe == null
            ? null
            : new Activations.Moe(
                moe.scores().rows(rows), moe.hostScores(), moe.output().rows(rows)));
  }

  private Activations.@Nullable Moe allocateMoe(Backend backend, @Nullable MoeConfig experts) {
    return experts == null
        ? null
        : new Activations.Moe(
            allocate(backend, maxRows, experts.experts()),
            new float[maxRows * experts.experts()],
            allocate(backend, maxRows, config.hiddenSize()));
  }

  /** Where all layers have experts, the wide tensors of a dense MLP would be wasted. */
  private static boolean hasDenseLayers(ModelConfig config) {
    return IntStream.range(0, config.layers()).anyMatch(layer -> !config.isMoe(layer));
  }

  private Tensor allocate(Backend backend, int rows, int columns) {
    return own(backend.allocate(rows, columns));
  }

  private Tensor own(Tensor tensor) {
    owned.add(tensor);
    return tensor;
  }
}
