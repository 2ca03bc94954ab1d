package dev.andante.model;

import dev.andante.compute.Batch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;

/**
 * A decoder-only transformer whose weights are loaded in a backend. Immutable; forward passes of
 * several threads may run at once, each with a {@link Workspace} of its own.
 */
public interface LanguageModel extends AutoCloseable {

  ModelConfig config();

  /** Equal iff weights and configuration are equal; guards the KV wire. */
  String fingerprint();

  /** The KV cache this model needs. */
  KvLayout kvLayout(int blockSize, DType dtype);

  /**
   * Scratch memory for passes of at most {@code maxRows} rows, of which at most {@code
   * maxLogitRows} want logits. The caller closes it.
   */
  Workspace workspace(int maxRows, int maxLogitRows);

  /**
   * One forward pass: stores K and V of the batch's rows in {@code cache} and computes logits.
   *
   * @return {@code [batch.logitRows().length, vocabulary]}, a view of the workspace valid until its
   *     next pass
   */
  Tensor forward(Batch batch, KvPool cache, Workspace workspace);

  /** Closes what this model owns: the mapped file, not the backend. */
  @Override
  void close();
}
