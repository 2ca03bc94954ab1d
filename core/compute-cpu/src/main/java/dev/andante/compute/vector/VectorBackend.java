package dev.andante.compute.vector;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.ComputePool;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.host.HostBackend;
import dev.andante.compute.host.HostBatch;
import dev.andante.compute.host.HostKvPool;
import dev.andante.compute.host.HostMatrix;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** The SPI on the Vector API; see the package for its numerics. */
final class VectorBackend extends HostBackend<VectorWeight, HostKvPool> {

  /** Elements worth a task of their own in operations that do little for each. */
  private static final int GRAIN = 16 * 1024;

  private final ComputePool pool;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private final WeightPacker packer;
  private final Matmul matmul;
  private final Attention attention;

  VectorBackend(ComputePool pool) {
    super(VectorWeight.class, HostKvPool.class);
    this.pool = pool;
    this.packer = new WeightPacker(pool);
    this.matmul = new Matmul(pool, scratch);
    this.attention = new Attention(pool);
  }

  @Override
  public String name() {
    return VectorProvider.NAME;
  }

  @Override
  public String description() {
    return "Vector API, "
        + Lanes.FLOATS.vectorBitSize()
        + "-bit, "
        + pool.threads()
        + (pool.threads() == 1 ? " thread" : " threads");
  }

  @Override
  public String numerics() {
    return "vector-f32-lanes" + Lanes.COUNT + "-v1";
  }

  @Override
  protected VectorWeight convert(String name, List<HostTensor> parts, float @Nullable [] bias) {
    return packer.pack(name, parts, bias);
  }

  @Override
  protected void embedRow(VectorWeight table, int token, float[] target, int at) {
    float[] row = scratch.get().rows(Lanes.roundUp(table.inputs()));
    table.unpack(token, row, 0);
    System.arraycopy(row, 0, target, at, table.inputs());
  }

  @Override
  protected void normalize(HostMatrix x, int run, VectorWeight gain, float eps, HostMatrix out) {
    float[] factors = scratch.get().rows(Lanes.roundUp(run));
    gain.unpack(0, factors, 0);
    forRows(
        x.rows(),
        x.columns(),
        r -> {
          for (int column = 0; column < x.columns(); column += run) {
            RowKernels.rmsNorm(
                x.data(),
                x.offset(r) + column,
                factors,
                run,
                eps,
                out.data(),
                out.offset(r) + column);
          }
        });
  }

  @Override
  protected void multiply(HostMatrix x, VectorWeight weight, HostMatrix out, boolean add) {
    matmul.multiply(x, weight, out, add);
  }

  @Override
  protected HostKvPool newPool(KvLayout layout, int blocks) {
    return new HostKvPool(layout, blocks);
  }

  @Override
  protected void storeKv(HostMatrix x, HostKvPool kv, int layer, int side, HostBatch batch) {
    kv.store(x, layer, side, batch);
  }

  @Override
  protected void attend(
      HostMatrix q,
      HostKvPool kv,
      int layer,
      AttentionParameters parameters,
      HostBatch batch,
      HostMatrix out) {
    attention.attend(q, kv, layer, parameters, batch, out);
  }

  @Override
  protected void gate(HostMatrix x, HostMatrix out) {
    int n = out.columns();
    forRows(
        x.rows(),
        n,
        r ->
            RowKernels.siluMul(
                x.data(),
                x.offset(r),
                x.offset(r) + n,
                n,
                scratch.get().rows(Lanes.roundUp(n)),
                out.data(),
                out.offset(r)));
  }

  private void forRows(int rows, int columns, IntConsumer kernel) {
    int each = Math.max(1, GRAIN / columns);
    pool.run(
        (rows + each - 1) / each,
        task -> {
          for (int r = task * each; r < Math.min(rows, (task + 1) * each); r++) {
            kernel.accept(r);
          }
        });
  }
}
