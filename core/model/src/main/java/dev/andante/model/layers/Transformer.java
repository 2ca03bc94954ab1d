package dev.andante.model.layers;

import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.Workspace;
import java.util.List;

/** The forward pass that all architectures share. */
public final class Transformer implements LanguageModel {

  private final ModelConfig config;
  private final String fingerprint;
  private final Backend backend;
  private final Decoder decoder;
  private final RopeTable rope;
  private final Runnable onClose;

  /**
   * @param onClose frees what the model owns: the mapped file, an expert executor
   */
  public Transformer(
      ModelConfig config, String fingerprint, Backend backend, Decoder decoder, Runnable onClose) {
    this.config = config;
    this.fingerprint = fingerprint;
    this.backend = backend;
    this.decoder = decoder;
    this.onClose = onClose;
    this.rope =
        backend.rope(
            new RopeParameters(
                config.rope().style(),
                config.rope().inverseFrequencies(),
                config.rope().magnitude(),
                config.contextLength()));
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String fingerprint() {
    return fingerprint;
  }

  @Override
  public KvLayout kvLayout(int blockSize, DType dtype) {
    return new KvLayout(config.layers(), config.kvHeads(), config.headDim(), blockSize, dtype);
  }

  @Override
  public Workspace workspace(int maxRows, int maxLogitRows) {
    return new TransformerWorkspace(backend, config, maxRows, maxLogitRows);
  }

  @Override
  public Tensor forward(Batch batch, KvPool cache, Workspace workspace) {
    TransformerWorkspace memory = requireFits(batch, workspace);
    Activations activations = memory.activations(batch.rows());
    try (BoundBatch bound = backend.bind(batch)) {
      Pass pass = new Pass(backend, bound, cache, rope, activations);
      backend.embed(decoder.embedding(), bound, activations.hidden());
      List<TransformerBlock> blocks = decoder.blocks();
      for (int layer = 0; layer < blocks.size(); layer++) {
        blocks.get(layer).forward(pass, layer);
      }
      return logits(batch.logitRows(), activations.hidden(), memory);
    }
  }

  @Override
  public void close() {
    onClose.run();
  }

  private Tensor logits(int[] rows, Tensor hidden, TransformerWorkspace memory) {
    Tensor logits = memory.logits(rows.length);
    if (rows.length > 0) {
      Tensor last = memory.lastHidden(rows.length);
      backend.gatherRows(hidden, rows, last);
      decoder.finalNorm().forward(backend, last, last);
      backend.matmul(last, decoder.head(), logits);
    }
    return logits;
  }

  private TransformerWorkspace requireFits(Batch batch, Workspace workspace) {
    if (!(workspace instanceof TransformerWorkspace memory)) {
      throw new IllegalArgumentException("a workspace that this model did not make");
    }
    if (batch.rows() < 1
        || batch.rows() > memory.maxRows()
        || batch.logitRows().length > memory.maxLogitRows()) {
      throw new IllegalArgumentException(
          "a batch of %d rows, %d with logits, in a workspace of %d and %d"
              .formatted(
                  batch.rows(), batch.logitRows().length, memory.maxRows(), memory.maxLogitRows()));
    }
    for (int token : batch.tokens()) {
      if (token < 0 || token >= config.vocabularySize()) {
        throw new IllegalArgumentException(
            "token " + token + " of a vocabulary of " + config.vocabularySize());
      }
    }
    for (int s = 0; s < batch.sequences(); s++) {
      int end = batch.context()[s] + batch.rowStart()[s + 1] - batch.rowStart()[s];
      if (end > config.contextLength()) {
        throw new IllegalArgumentException(
            "sequence " + s + " would hold " + end + " tokens of " + config.contextLength());
      }
    }
    return memory;
  }
}
