package dev.andante.compute;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Kernels over tensors in one kind of memory. The model layers are written against this interface
 * and nothing else.
 *
 * <p>Semantics are those of the scalar reference in {@code dev.andante.compute.reference}; every
 * implementation passes the conformance suite in {@code testkit}. Two rules go beyond closeness:
 *
 * <ul>
 *   <li><b>Row invariance.</b> The result for a row depends on that row (and, for attention, on the
 *       KV it attends to) alone, bit for bit: not on the other rows of the batch, their number, the
 *       chunking of a prompt, the thread count or JIT state. Chunked prefill, continuous batching,
 *       speculation and disaggregation therefore change no token. With {@link Precision#FAST} a
 *       backend may take products of {@link #manyRows} rows or more another way than those of
 *       fewer; the rule then holds among those on the same side.
 *   <li><b>Order.</b> Operations called by one thread take effect in that order; an asynchronous
 *       backend may return before the work is done, and only {@link #read}, {@link #argmax} and
 *       {@link KvPool#read} wait for it.
 * </ul>
 *
 * <p>Shapes are written {@code [rows, columns]}. Shape mismatches are programming errors: {@link
 * IllegalArgumentException}. Failures of the device are {@link BackendException}.
 */
public interface Backend extends AutoCloseable {

  /** Short stable name: {@code reference}, {@code vector}, {@code cuda}. */
  String name();

  /** One line for the log: instruction set or device, threads, memory. */
  String description();

  /**
   * What results depend on bit for bit: two backends with equal numerics produce equal KV. Part of
   * the KV handshake, for information; mixed numerics are allowed and merely lose bit-equality.
   */
  String numerics();

  /** How exact products are now. */
  default Precision precision() {
    return Precision.EXACT;
  }

  /**
   * Changes {@link #precision} for the passes that follow; for the owner, while no pass runs. The
   * layout of weights stays that of the precision that the backend was opened with. A backend with
   * one precision only ignores it.
   */
  default void setPrecision(Precision precision) {}

  /**
   * How many rows a product has at least that is taken another way than those of fewer rows, with
   * results as close but of other bits; {@link Integer#MAX_VALUE} = there is no such number. A
   * constant for each {@link #precision}, and none for {@link Precision#EXACT}.
   */
  default int manyRows() {
    return Integer.MAX_VALUE;
  }

  /**
   * Converts a parameter to this backend's layout. Several parts are stacked along the outputs, so
   * that Q, K and V (or gate and up) become one product.
   *
   * @param name name for errors and listings
   * @param parts one or more matrices {@code [outputs_i, inputs]} with equal inputs, or a single
   *     vector {@code [n]}
   * @param bias null, or one vector {@code [outputs_i]} (possibly null = none) for each part
   * @throws UnsupportedTensorException naming the tensor and the supported formats
   */
  Weight load(String name, List<HostTensor> parts, @Nullable List<@Nullable HostTensor> bias);

  /** As {@link #load(String, List, List)} for one tensor without a bias. */
  default Weight load(HostTensor tensor) {
    return load(tensor.name(), List.of(tensor), null);
  }

  /** New activations, zeroed. The caller closes it. */
  Tensor allocate(int rows, int columns);

  /**
   * New activations of which most rows may never be used: memory may be taken only when {@link
   * Tensor#rows} asks for more than ever before, and what the rows held is gone then. Nothing but
   * views that {@code rows} returned is used, each until the next one. The caller closes it.
   *
   * @throws BackendException if there is not the memory for all rows, naming the bytes needed
   */
  default Tensor allocateOnDemand(int maxRows, int columns) {
    return allocate(maxRows, columns);
  }

  /**
   * New KV memory, zeroed. The caller closes it.
   *
   * @throws BackendException if there is not enough memory, naming the bytes needed
   */
  KvPool allocateKv(KvLayout layout, int blocks);

  RopeTable rope(RopeParameters parameters);

  BoundBatch bind(Batch batch);

  /** {@code out[r] = table[tokens[r]]}; out {@code [batch.rows, hidden]}. */
  void embed(Weight table, BoundBatch batch, Tensor out);

  /** {@code out[r] = x[r] / sqrt(mean(x[r]²) + eps) * gain}; out may be x. */
  void rmsNorm(Tensor x, Weight gain, float eps, Tensor out);

  /**
   * RMS norm of each run of {@code headDim} columns on its own, in place; gain {@code [headDim]}.
   */
  void rmsNormHeads(Tensor x, int headDim, Weight gain, float eps);

  /** {@code out = x · Wᵀ + bias}; x {@code [n, inputs]}, out {@code [n, outputs]}. */
  void matmul(Tensor x, Weight weight, Tensor out);

  /** {@code sum += x · Wᵀ + bias}: a projection back into the residual stream. */
  void matmulAdd(Tensor x, Weight weight, Tensor sum);

  /**
   * {@code out = silu(gate) * up} of {@code [gate | up] = x · Wᵀ + bias}: {@link #matmul} and
   * {@link #siluMul} in one. Of fewer than {@link #manyRows} rows it is bit for bit what they give
   * one after the other; of more, as close to what is meant. x {@code [n, inputs]}, out {@code [n,
   * outputs / 2]}.
   *
   * @param both {@code [n, outputs]}, for what lies between the two; what it holds afterwards is
   *     not defined
   */
  default void matmulSiluMul(Tensor x, Weight gateUp, Tensor both, Tensor out) {
    matmul(x, gateUp, both);
    siluMul(both, out);
  }

  /**
   * {@code sum += gated · downᵀ + bias} of {@code gated = silu(gate) * up}: {@link #matmulSiluMul}
   * and {@link #matmulAdd} in one, and bit for bit what they give one after the other.
   *
   * @param both as for {@link #matmulSiluMul}
   * @param inner {@code [n, gateUp outputs / 2]}, for what lies between the two; what it holds
   *     afterwards is not defined
   */
  default void feedForward(
      Tensor x, Weight gateUp, Weight down, Tensor both, Tensor inner, Tensor sum) {
    matmulSiluMul(x, gateUp, both, inner);
    matmulAdd(inner, down, sum);
  }

  /**
   * {@code out = rmsNorm(x) · Wᵀ + bias}: {@link #rmsNorm} and {@link #matmul} in one, and bit for
   * bit what they give one after the other.
   *
   * @param normed as x, for what lies between the two; what it holds afterwards is not defined
   */
  default void rmsNormMatmul(
      Tensor x, Weight gain, float eps, Tensor normed, Weight weight, Tensor out) {
    rmsNorm(x, gain, eps, normed);
    matmul(normed, weight, out);
  }

  /**
   * {@code x += gated · downᵀ + bias} of {@code gated = silu(gate) * up} of rmsNorm(x): {@link
   * #rmsNorm} and {@link #feedForward} in one, and bit for bit what they give one after the other.
   *
   * @param normed as for {@link #rmsNormMatmul}
   * @param both as for {@link #matmulSiluMul}
   * @param inner as for {@link #feedForward}
   */
  default void rmsNormFeedForward(
      Tensor x,
      Weight gain,
      float eps,
      Tensor normed,
      Weight gateUp,
      Weight down,
      Tensor both,
      Tensor inner) {
    rmsNorm(x, gain, eps, normed);
    feedForward(normed, gateUp, down, both, inner, x);
  }

  /** Rotates q and k as {@link #rope} does and stores k and v as {@link #writeKv} does, in one. */
  default void ropeAndWriteKv(
      Tensor q,
      Tensor k,
      Tensor v,
      int headDim,
      RopeTable table,
      KvPool pool,
      int layer,
      BoundBatch batch) {
    rope(q, headDim, table, batch);
    rope(k, headDim, table, batch);
    writeKv(k, v, pool, layer, batch);
  }

  /**
   * Rotates each head of x {@code [batch.rows, heads * headDim]} in place by its row's position.
   */
  void rope(Tensor x, int headDim, RopeTable table, BoundBatch batch);

  /**
   * Stores k and v {@code [batch.rows, kvHeads * headDim]} in the blocks of each row's sequence.
   */
  void writeKv(Tensor k, Tensor v, KvPool pool, int layer, BoundBatch batch);

  /**
   * Causal attention of each row over its sequence's cache up to and including its own position,
   * which {@link #writeKv} has stored. q and out {@code [batch.rows, heads * headDim]}.
   */
  void attention(
      Tensor q,
      KvPool pool,
      int layer,
      AttentionParameters parameters,
      BoundBatch batch,
      Tensor out);

  /**
   * {@code out[r][i] = silu(x[r][i]) * x[r][n + i]}; x {@code [rows, 2n]}, out {@code [rows, n]}.
   */
  void siluMul(Tensor x, Tensor out);

  /** {@code sum += x}. */
  void add(Tensor x, Tensor sum);

  /** {@code out[i] = x[rows[i]]}. */
  void gatherRows(Tensor x, int[] rows, Tensor out);

  /**
   * {@code sum[rows[i]] += scales[i] * x[i]}, i ascending, so that the order of additions is fixed.
   */
  void scatterAddRows(Tensor x, int[] rows, float[] scales, Tensor sum);

  /** Sets every element to zero. */
  void clear(Tensor x);

  /**
   * Copies x to host memory, row-major and dense; target holds {@code rows * columns} floats. Waits
   * for pending work.
   */
  void read(Tensor x, float[] target);

  /** Copies from host memory, row-major and dense. */
  void write(float[] source, Tensor x);

  /**
   * Column of the largest element of each row, the lowest on a tie; NaN never wins, and a row of
   * nothing but NaN gives 0. Waits for pending work.
   */
  void argmax(Tensor x, int[] target);

  /** Frees every weight and table. Tensors and pools are closed by their owners before. */
  @Override
  void close();
}
