package dev.andante.compute.host;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything about a backend with activations in the Java heap but its kernels: each operation of
 * the SPI is checked and unwrapped here, then handed to one kernel method. Operations that only
 * move data are done here too.
 *
 * @param <W> the backend's weights
 * @param <K> the backend's KV pools
 */
public abstract class HostBackend<W extends Weight, K extends KvPool> implements Backend {

  private final Class<W> weightType;
  private final Class<K> poolType;

  protected HostBackend(Class<W> weightType, Class<K> poolType) {
    this.weightType = weightType;
    this.poolType = poolType;
  }

  // Kernels. Shapes are checked; matrices may be column views.

  /** Converts checked parts; bias is {@code [sum of outputs]} or null. */
  protected abstract W convert(String name, List<HostTensor> parts, float @Nullable [] bias);

  /** Writes row {@code token} of a table to {@code target[at …]}. */
  protected abstract void embedRow(W table, int token, float[] target, int at);

  /** RMS norm of each run of {@code run} columns; out may be x. */
  protected abstract void normalize(HostMatrix x, int run, W gain, float eps, HostMatrix out);

  /** {@code out = x · Wᵀ + bias}, or {@code out += …} if {@code add}. */
  protected abstract void multiply(HostMatrix x, W weight, HostMatrix out, boolean add);

  /** See {@link #allocateKv}. */
  protected abstract K newPool(KvLayout layout, int blocks);

  /** One side of {@link #writeKv}: {@link OffHeapKvPool#KEYS} or {@link OffHeapKvPool#VALUES}. */
  protected abstract void storeKv(HostMatrix x, K pool, int layer, int side, HostBatch batch);

  /** See {@link #attention}. */
  protected abstract void attend(
      HostMatrix q,
      K pool,
      int layer,
      AttentionParameters parameters,
      HostBatch batch,
      HostMatrix out);

  /** See {@link #siluMul}. */
  protected abstract void gate(HostMatrix x, HostMatrix out);

  // Kernels that a backend may have a faster one for; positions and shapes are checked.

  /** See {@link #matmulSiluMul}. */
  protected void multiplyGated(HostMatrix x, W weight, HostMatrix both, HostMatrix out) {
    multiply(x, weight, both, false);
    gate(both, out);
  }

  /** See {@link Backend#feedForward}; {@code inner} may be left as it is. */
  protected void feedForward(
      HostMatrix x, W gateUp, W down, HostMatrix both, HostMatrix inner, HostMatrix sum) {
    multiplyGated(x, gateUp, both, inner);
    multiply(inner, down, sum, true);
  }

  /** See {@link Backend#rmsNormMatmul}; {@code normed} may be left as it is. */
  protected void multiplyNormed(
      HostMatrix x, W gain, float eps, HostMatrix normed, W weight, HostMatrix out) {
    normalize(x, x.columns(), gain, eps, normed);
    multiply(normed, weight, out, false);
  }

  /** See {@link Backend#rmsNormFeedForward}; normed and inner may be left as they are. */
  protected void feedForwardNormed(
      HostMatrix x,
      W gain,
      float eps,
      HostMatrix normed,
      W gateUp,
      W down,
      HostMatrix both,
      HostMatrix inner) {
    normalize(x, x.columns(), gain, eps, normed);
    feedForward(normed, gateUp, down, both, inner, x);
  }

  /** See {@link Backend#ropeAndWriteKv}. */
  protected void rotateAndStore(
      HostMatrix q,
      HostMatrix k,
      HostMatrix v,
      int headDim,
      HostRopeTable table,
      K pool,
      int layer,
      HostBatch batch) {
    rotate(q, headDim, table, batch);
    rotate(k, headDim, table, batch);
    storeKv(k, pool, layer, OffHeapKvPool.KEYS, batch);
    storeKv(v, pool, layer, OffHeapKvPool.VALUES, batch);
  }

  /** See {@link #rope}. */
  protected void rotate(HostMatrix x, int headDim, HostRopeTable table, HostBatch batch) {
    for (int r = 0; r < x.rows(); r++) {
      for (int column = 0; column < x.columns(); column += headDim) {
        table.rotate(x.data(), x.offset(r) + column, batch.position(r));
      }
    }
  }

  /** See {@link #add(Tensor, Tensor)}. */
  protected void accumulate(HostMatrix x, HostMatrix sum) {
    for (int r = 0; r < x.rows(); r++) {
      addScaled(x.data(), x.offset(r), 1, sum.data(), sum.offset(r), x.columns());
    }
  }

  /** See {@link #argmax}. */
  protected void largest(HostMatrix x, int[] target) {
    for (int r = 0; r < x.rows(); r++) {
      target[r] = largest(x.data(), x.offset(r), x.columns());
    }
  }

  // The SPI.

  @Override
  public final W load(
      String name, List<HostTensor> parts, @Nullable List<@Nullable HostTensor> bias) {
    WeightParts checked = WeightParts.of(name, parts, bias);
    return convert(name, checked.parts(), checked.bias());
  }

  @Override
  public final Tensor allocate(int rows, int columns) {
    return HostMatrix.allocate(rows, columns);
  }

  @Override
  public final Tensor allocateOnDemand(int maxRows, int columns) {
    return HostMatrix.onDemand(maxRows, columns);
  }

  @Override
  public final KvPool allocateKv(KvLayout layout, int blocks) {
    return newPool(layout, blocks);
  }

  @Override
  public final RopeTable rope(RopeParameters parameters) {
    return new HostRopeTable(parameters);
  }

  @Override
  public final BoundBatch bind(Batch batch) {
    return new HostBatch(batch);
  }

  @Override
  public final void embed(Weight table, BoundBatch batch, Tensor out) {
    W weight = own(table);
    HostMatrix target = HostMatrix.of(out);
    int[] tokens = batch.batch().tokens();
    Shapes.requireEmbedding(weight, batch, target);
    for (int r = 0; r < tokens.length; r++) {
      embedRow(weight, tokens[r], target.data(), target.offset(r));
    }
  }

  @Override
  public final void rmsNorm(Tensor x, Weight gain, float eps, Tensor out) {
    HostMatrix in = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out);
    normalize(in, in.columns(), gainOf(in, gain, target), eps, target);
  }

  private W gainOf(HostMatrix x, Weight gain, HostMatrix normed) {
    W weight = own(gain);
    Shapes.requireSame("rmsNorm out", normed, x);
    Shapes.requireVector("rmsNorm gain", weight, x.columns());
    return weight;
  }

  @Override
  public final void rmsNormHeads(Tensor x, int headDim, Weight gain, float eps) {
    HostMatrix in = HostMatrix.of(x);
    W weight = own(gain);
    Shapes.requireHeads("rmsNormHeads x", in, headDim);
    Shapes.requireVector("rmsNormHeads gain", weight, headDim);
    normalize(in, headDim, weight, eps, in);
  }

  @Override
  public final void matmul(Tensor x, Weight weight, Tensor out) {
    product(HostMatrix.of(x), own(weight), HostMatrix.of(out), false);
  }

  @Override
  public final void matmulAdd(Tensor x, Weight weight, Tensor sum) {
    product(HostMatrix.of(x), own(weight), HostMatrix.of(sum), true);
  }

  @Override
  public final void rmsNormMatmul(
      Tensor x, Weight gain, float eps, Tensor normed, Weight weight, Tensor out) {
    HostMatrix in = HostMatrix.of(x);
    HostMatrix between = HostMatrix.of(normed);
    W factors = gainOf(in, gain, between);
    W product = own(weight);
    HostMatrix target = HostMatrix.of(out);
    Shapes.requireProduct(between, product, target);
    multiplyNormed(in, factors, eps, between, product, target);
  }

  @Override
  public final void matmulSiluMul(Tensor x, Weight gateUp, Tensor both, Tensor out) {
    HostMatrix in = HostMatrix.of(x);
    W weight = own(gateUp);
    HostMatrix between = HostMatrix.of(both);
    HostMatrix target = HostMatrix.of(out);
    Shapes.requireProduct(in, weight, between);
    Shapes.requireGated(between, target);
    multiplyGated(in, weight, between, target);
  }

  @Override
  public final void feedForward(
      Tensor x, Weight gateUp, Weight down, Tensor both, Tensor inner, Tensor sum) {
    HostMatrix in = HostMatrix.of(x);
    W first = own(gateUp);
    HostMatrix between = HostMatrix.of(both);
    HostMatrix gated = HostMatrix.of(inner);
    W second = own(down);
    HostMatrix target = HostMatrix.of(sum);
    Shapes.requireFeedForward(in, first, second, between, gated, target);
    feedForward(in, first, second, between, gated, target);
  }

  @Override
  public final void rmsNormFeedForward(
      Tensor x,
      Weight gain,
      float eps,
      Tensor normed,
      Weight gateUp,
      Weight down,
      Tensor both,
      Tensor inner) {
    HostMatrix in = HostMatrix.of(x);
    HostMatrix rows = HostMatrix.of(normed);
    W factors = gainOf(in, gain, rows);
    W first = own(gateUp);
    HostMatrix between = HostMatrix.of(both);
    HostMatrix gated = HostMatrix.of(inner);
    W second = own(down);
    Shapes.requireFeedForward(rows, first, second, between, gated, in);
    feedForwardNormed(in, factors, eps, rows, first, second, between, gated);
  }

  private void product(HostMatrix x, W weight, HostMatrix out, boolean add) {
    Shapes.requireProduct(x, weight, out);
    multiply(x, weight, out, add);
  }

  @Override
  public final void rope(Tensor x, int headDim, RopeTable table, BoundBatch batch) {
    HostMatrix in = HostMatrix.of(x);
    HostBatch bound = HostBatch.of(batch);
    Shapes.requireRotated(in, headDim, bound);
    rotate(in, headDim, anglesFor(headDim, table, bound), bound);
  }

  /** The angles, which there are for heads of this size and each position of the batch. */
  private static HostRopeTable anglesFor(int headDim, RopeTable table, HostBatch bound) {
    HostRopeTable angles = HostRopeTable.of(table);
    if (angles.parameters().rotary() > headDim) {
      throw new IllegalArgumentException(
          "rope of " + angles.parameters().rotary() + " elements in heads of " + headDim);
    }
    for (int r = 0; r < bound.batch().rows(); r++) {
      int position = bound.position(r);
      if (position >= angles.parameters().maxPositions()) {
        throw new IllegalArgumentException(
            "position "
                + position
                + " of "
                + angles.parameters().maxPositions()
                + " in rope table");
      }
    }
    return angles;
  }

  @Override
  public final void writeKv(Tensor k, Tensor v, KvPool pool, int layer, BoundBatch batch) {
    K memory = own(pool);
    HostBatch bound = HostBatch.of(batch);
    KvLayout layout = layoutFor(memory, layer, bound);
    storeKv(sideOf("writeKv k", k, layout, bound), memory, layer, OffHeapKvPool.KEYS, bound);
    storeKv(sideOf("writeKv v", v, layout, bound), memory, layer, OffHeapKvPool.VALUES, bound);
  }

  /** The layout of a pool that has the layer, and the blocks of the batch. */
  private KvLayout layoutFor(K memory, int layer, HostBatch bound) {
    KvLayout layout = memory.layout();
    Shapes.requireLayer(layout, layer);
    bound.batch().requireBlocks(layout, memory.blocks());
    return layout;
  }

  private static HostMatrix sideOf(String what, Tensor x, KvLayout layout, HostBatch batch) {
    HostMatrix side = HostMatrix.of(x);
    Shapes.requireRows(what, side, batch.batch().rows());
    Shapes.requireColumns(what, side, layout.kvHeads() * layout.headDim());
    return side;
  }

  @Override
  public final void ropeAndWriteKv(
      Tensor q,
      Tensor k,
      Tensor v,
      int headDim,
      RopeTable table,
      KvPool pool,
      int layer,
      BoundBatch batch) {
    K memory = own(pool);
    HostBatch bound = HostBatch.of(batch);
    KvLayout layout = layoutFor(memory, layer, bound);
    HostMatrix queries = HostMatrix.of(q);
    HostMatrix keys = sideOf("writeKv k", k, layout, bound);
    HostMatrix values = sideOf("writeKv v", v, layout, bound);
    Shapes.requireRotated(queries, headDim, bound);
    Shapes.requireRotated(keys, headDim, bound);
    HostRopeTable angles = anglesFor(headDim, table, bound);
    rotateAndStore(queries, keys, values, headDim, angles, memory, layer, bound);
  }

  @Override
  public final void attention(
      Tensor q,
      KvPool pool,
      int layer,
      AttentionParameters parameters,
      BoundBatch batch,
      Tensor out) {
    HostMatrix queries = HostMatrix.of(q);
    HostMatrix target = HostMatrix.of(out);
    K memory = own(pool);
    HostBatch bound = HostBatch.of(batch);
    KvLayout layout = layoutFor(memory, layer, bound);
    if (parameters.kvHeads() != layout.kvHeads() || parameters.headDim() != layout.headDim()) {
      throw new IllegalArgumentException(parameters + " over a cache of " + layout);
    }
    Shapes.requireRows("attention q", queries, bound.batch().rows());
    Shapes.requireColumns("attention q", queries, parameters.heads() * parameters.headDim());
    Shapes.requireSame("attention out", target, queries);
    attend(queries, memory, layer, parameters, bound, target);
  }

  @Override
  public final void siluMul(Tensor x, Tensor out) {
    HostMatrix in = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out);
    Shapes.requireGated(in, target);
    gate(in, target);
  }

  @Override
  public final void add(Tensor x, Tensor sum) {
    HostMatrix in = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(sum);
    Shapes.requireSame("add sum", target, in);
    accumulate(in, target);
  }

  @Override
  public final void gatherRows(Tensor x, int[] rows, Tensor out) {
    HostMatrix in = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(out);
    Shapes.requireRows("gatherRows out", target, rows.length);
    Shapes.requireColumns("gatherRows out", target, in.columns());
    for (int i = 0; i < rows.length; i++) {
      Shapes.requireRow(rows[i], in);
      System.arraycopy(
          in.data(), in.offset(rows[i]), target.data(), target.offset(i), in.columns());
    }
  }

  @Override
  public final void scatterAddRows(Tensor x, int[] rows, float[] scales, Tensor sum) {
    HostMatrix in = HostMatrix.of(x);
    HostMatrix target = HostMatrix.of(sum);
    Shapes.requireRows("scatterAddRows x", in, rows.length);
    Shapes.requireColumns("scatterAddRows x", in, target.columns());
    if (scales.length != rows.length) {
      throw new IllegalArgumentException(scales.length + " scales for " + rows.length + " rows");
    }
    for (int i = 0; i < rows.length; i++) {
      Shapes.requireRow(rows[i], target);
      addScaled(
          in.data(), in.offset(i), scales[i], target.data(), target.offset(rows[i]), in.columns());
    }
  }

  private static void addScaled(float[] x, int xAt, float scale, float[] sum, int sumAt, int n) {
    for (int i = 0; i < n; i++) {
      sum[sumAt + i] += scale * x[xAt + i];
    }
  }

  @Override
  public final void clear(Tensor x) {
    HostMatrix in = HostMatrix.of(x);
    for (int r = 0; r < in.rows(); r++) {
      Arrays.fill(in.data(), in.offset(r), in.offset(r) + in.columns(), 0);
    }
  }

  @Override
  public final void read(Tensor x, float[] target) {
    HostMatrix in = HostMatrix.of(x);
    Shapes.requireLength("read", target.length, in);
    for (int r = 0; r < in.rows(); r++) {
      System.arraycopy(in.data(), in.offset(r), target, r * in.columns(), in.columns());
    }
  }

  @Override
  public final void write(float[] source, Tensor x) {
    HostMatrix in = HostMatrix.of(x);
    Shapes.requireLength("write", source.length, in);
    for (int r = 0; r < in.rows(); r++) {
      System.arraycopy(source, r * in.columns(), in.data(), in.offset(r), in.columns());
    }
  }

  @Override
  public final void argmax(Tensor x, int[] target) {
    HostMatrix in = HostMatrix.of(x);
    if (target.length < in.rows()) {
      throw new IllegalArgumentException(target.length + " results for " + in.rows() + " rows");
    }
    largest(in, target);
  }

  private static int largest(float[] x, int at, int n) {
    int best = 0;
    float max = Float.NaN;
    for (int i = 0; i < n; i++) {
      float value = x[at + i];
      if (value > max || (Float.isNaN(max) && !Float.isNaN(value))) {
        max = value;
        best = i;
      }
    }
    return best;
  }

  @Override
  public void close() {
    // heap memory only
  }

  // Checks.

  private W own(Weight weight) {
    if (weightType.isInstance(weight)) {
      return weightType.cast(weight);
    }
    throw new IllegalArgumentException(weight.name() + " was loaded by another backend");
  }

  private K own(KvPool pool) {
    if (poolType.isInstance(pool)) {
      return poolType.cast(pool);
    }
    throw new IllegalArgumentException(
        "KV pool of another backend: " + pool.getClass().getSimpleName());
  }
}
