package dev.andante.compute.onednn;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;

/** What needs no weights, left to another backend. */
abstract class ForwardingBackend implements Backend {

  private final Backend rest;

  /**
   * @param rest owned by the subclass
   */
  ForwardingBackend(Backend rest) {
    this.rest = rest;
  }

  @Override
  public final Tensor allocate(int rows, int columns) {
    return rest.allocate(rows, columns);
  }

  @Override
  public final Tensor allocateOnDemand(int maxRows, int columns) {
    return rest.allocateOnDemand(maxRows, columns);
  }

  @Override
  public final KvPool allocateKv(KvLayout layout, int blocks) {
    return rest.allocateKv(layout, blocks);
  }

  @Override
  public final RopeTable rope(RopeParameters parameters) {
    return rest.rope(parameters);
  }

  @Override
  public final BoundBatch bind(Batch batch) {
    return rest.bind(batch);
  }

  @Override
  public final void rope(Tensor x, int headDim, RopeTable table, BoundBatch batch) {
    rest.rope(x, headDim, table, batch);
  }

  @Override
  public final void writeKv(Tensor k, Tensor v, KvPool pool, int layer, BoundBatch batch) {
    rest.writeKv(k, v, pool, layer, batch);
  }

  @Override
  public final void attention(
      Tensor q,
      KvPool pool,
      int layer,
      AttentionParameters parameters,
      BoundBatch batch,
      Tensor out) {
    rest.attention(q, pool, layer, parameters, batch, out);
  }

  @Override
  public final void siluMul(Tensor x, Tensor out) {
    rest.siluMul(x, out);
  }

  @Override
  public final void add(Tensor x, Tensor sum) {
    rest.add(x, sum);
  }

  @Override
  public final void gatherRows(Tensor x, int[] rows, Tensor out) {
    rest.gatherRows(x, rows, out);
  }

  @Override
  public final void scatterAddRows(Tensor x, int[] rows, float[] scales, Tensor sum) {
    rest.scatterAddRows(x, rows, scales, sum);
  }

  @Override
  public final void clear(Tensor x) {
    rest.clear(x);
  }

  @Override
  public final void read(Tensor x, float[] target) {
    rest.read(x, target);
  }

  @Override
  public final void write(float[] source, Tensor x) {
    rest.write(source, x);
  }

  @Override
  public final void argmax(Tensor x, int[] target) {
    rest.argmax(x, target);
  }
}
