package dev.andante.compute.ckernels;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.ComputePool;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.Precision;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.host.HostBackend;
import dev.andante.compute.host.HostBatch;
import dev.andante.compute.host.HostMatrix;
import dev.andante.compute.host.HostRopeTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The SPI on the C kernels; see the package for its numerics. */
final class NativeBackend extends HostBackend<NativeWeight, NativeKvPool> {

  /** Elements worth a task of their own in operations that do little for each. */
  private static final int GRAIN = 16 * 1024;

  /** Kernels over rows {@code [from, to)}. */
  @FunctionalInterface
  private interface Rows {
    void run(int from, int to);
  }

  private final ComputePool pool;
  private volatile Precision precision;
  private final InstructionSet set;
  private final int isa;
  private final Arena arena = Arena.ofShared();
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private final WeightPacker packer;
  private final Products products;
  private final Attention attention;

  NativeBackend(ComputePool pool, Precision precision, InstructionSet set) {
    super(NativeWeight.class, NativeKvPool.class);
    this.pool = pool;
    this.precision = precision;
    this.set = set;
    this.isa = set.code();
    this.packer = new WeightPacker(pool, precision, arena);
    this.products = new Products(pool, set, scratch);
    this.attention = new Attention(pool, scratch);
  }

  @Override
  public String name() {
    return NativeProvider.NAME;
  }

  @Override
  public String description() {
    return "C kernels for "
        + set
        + ", "
        + precision.name().toLowerCase(Locale.ROOT)
        + " products, "
        + pool.threads()
        + (pool.threads() == 1 ? " thread" : " threads");
  }

  /** The same on every instruction set but for fast attention. */
  @Override
  public String numerics() {
    if (precision == Precision.EXACT) {
      return "native-f32-v1";
    }
    return set == InstructionSet.AVX512_BF16 ? "native-i8x32-bf16-v1" : "native-i8x32-v1";
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public void setPrecision(Precision wanted) {
    precision = wanted;
  }

  @Override
  protected NativeWeight convert(String name, List<HostTensor> parts, float @Nullable [] bias) {
    return packer.pack(name, parts, bias);
  }

  @Override
  protected void embedRow(NativeWeight table, int token, float[] target, int at) {
    table.unpack(token, target, at);
  }

  @Override
  protected void normalize(HostMatrix x, int run, NativeWeight gain, float eps, HostMatrix out) {
    MemorySegment source = memory(x);
    MemorySegment target = memory(out);
    forRows(
        x,
        (from, to) ->
            Kernels.rmsNorm(
                isa,
                source,
                x.stride(),
                gain.vector(),
                run,
                x.columns(),
                eps,
                target,
                out.stride(),
                from,
                to));
  }

  @Override
  protected void multiply(HostMatrix x, NativeWeight weight, HostMatrix out, boolean add) {
    products.multiply(x, weight, out, add, precision);
  }

  @Override
  protected NativeKvPool newPool(KvLayout layout, int blocks) {
    return new NativeKvPool(layout, blocks, set);
  }

  @Override
  protected void attend(
      HostMatrix q,
      NativeKvPool kv,
      int layer,
      AttentionParameters parameters,
      HostBatch batch,
      HostMatrix out) {
    attention.attend(set.forAttention(precision), q, kv, layer, parameters, batch, out);
  }

  @Override
  protected void gate(HostMatrix x, HostMatrix out) {
    MemorySegment source = memory(x);
    MemorySegment target = memory(out);
    forRows(
        x,
        (from, to) ->
            Kernels.siluMul(
                isa, source, x.stride(), out.columns(), target, out.stride(), from, to));
  }

  @Override
  protected void rotate(HostMatrix x, int headDim, HostRopeTable table, HostBatch batch) {
    MemorySegment source = memory(x);
    MemorySegment positions = MemorySegment.ofArray(batch.positions());
    RopeParameters parameters = table.parameters();
    int adjacent = parameters.style() == RopeParameters.Style.ADJACENT ? 1 : 0;
    MemorySegment cosines = MemorySegment.ofArray(table.cosines());
    MemorySegment sines = MemorySegment.ofArray(table.sines());
    forRows(
        x,
        (from, to) ->
            Kernels.rope(
                isa,
                source,
                x.stride(),
                x.columns(),
                headDim,
                parameters.rotary() / 2,
                adjacent,
                cosines,
                sines,
                positions,
                from,
                to));
  }

  @Override
  protected void storeKv(HostMatrix x, NativeKvPool kv, int layer, int side, HostBatch batch) {
    KvLayout layout = kv.layout();
    MemorySegment source = memory(x);
    MemorySegment view = kv.layer(layer);
    MemorySegment slots = MemorySegment.ofArray(batch.slots(layout.blockSize()));
    forRows(
        x,
        (from, to) ->
            Kernels.writeKv(
                isa, source, x.stride(), view, side, layout.kvHeads(), slots, from, to));
  }

  @Override
  protected void accumulate(HostMatrix x, HostMatrix sum) {
    MemorySegment source = memory(x);
    MemorySegment target = memory(sum);
    forRows(
        x,
        (from, to) ->
            Kernels.add(isa, source, x.stride(), target, sum.stride(), x.columns(), from, to));
  }

  @Override
  protected int largest(HostMatrix x, int row) {
    return Kernels.argmax(
        isa, x.segment().asSlice((long) Float.BYTES * x.offset(row)), x.columns());
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private static MemorySegment memory(HostMatrix matrix) {
    return matrix.segment().asSlice((long) Float.BYTES * matrix.offset(0));
  }

  private void forRows(HostMatrix x, Rows kernel) {
    int each = Math.max(1, GRAIN / x.columns());
    pool.run(
        (x.rows() + each - 1) / each,
        task -> kernel.run(task * each, Math.min(x.rows(), (task + 1) * each)));
  }
}
