package dev.andante.compute.ckernels;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.ComputePool;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.Precision;
import dev.andante.compute.host.Arenas;
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

  private final ComputePool pool;
  private volatile Precision precision;
  private final InstructionSet set;
  private final Arena arena = Arena.ofShared();
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private final WeightPacker packer;
  private final Products products;

  NativeBackend(ComputePool pool, Precision precision, InstructionSet set) {
    super(NativeWeight.class, NativeKvPool.class);
    this.pool = pool;
    this.precision = precision;
    this.set = set;
    this.packer = new WeightPacker(pool, precision, arena);
    this.products = new Products(pool, set, scratch);
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
      return "native-f32-v2";
    }
    return switch (set) {
      case AMX -> "native-i8x32-amx-v2";
      case AVX512_BF16 -> "native-i8x32-bf16-v3";
      case AVX512_VNNI, AVX2 -> "native-i8x32-v2";
    };
  }

  @Override
  public int manyRows() {
    return set.manyRows(precision);
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
    scratch.get().rows().norm.run(pool, set, x, run, gain.vector(), eps, out);
  }

  @Override
  protected void multiply(HostMatrix x, NativeWeight weight, HostMatrix out, boolean add) {
    products.multiply(x, weight, out, add, precision);
  }

  @Override
  protected void multiplyGated(HostMatrix x, NativeWeight weight, HostMatrix both, HostMatrix out) {
    if (weight.isHalved()) {
      products.multiplyGated(x, weight, out, precision);
    } else {
      super.multiplyGated(x, weight, both, out);
    }
  }

  @Override
  protected void feedForward(
      HostMatrix x,
      NativeWeight gateUp,
      NativeWeight down,
      HostMatrix both,
      HostMatrix inner,
      HostMatrix sum) {
    if (!products.feedForward(x, MemorySegment.NULL, 0, gateUp, down, sum, precision)) {
      super.feedForward(x, gateUp, down, both, inner, sum);
    }
  }

  @Override
  protected void multiplyNormed(
      HostMatrix x,
      NativeWeight gain,
      float eps,
      HostMatrix normed,
      NativeWeight weight,
      HostMatrix out) {
    if (!products.multiplyNormed(x, gain.vector(), eps, weight, out, precision)) {
      super.multiplyNormed(x, gain, eps, normed, weight, out);
    }
  }

  @Override
  protected void feedForwardNormed(
      HostMatrix x,
      NativeWeight gain,
      float eps,
      HostMatrix normed,
      NativeWeight gateUp,
      NativeWeight down,
      HostMatrix both,
      HostMatrix inner) {
    MemorySegment factors = gain.vector();
    if (products.feedForward(x, factors, eps, gateUp, down, x, precision)) {
      return;
    }
    if (products.multiplyGatedNormed(x, factors, eps, gateUp, inner, precision)) {
      multiply(inner, down, x, true);
    } else {
      super.feedForwardNormed(x, gain, eps, normed, gateUp, down, both, inner);
    }
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
    scratch
        .get()
        .attending()
        .run(
            pool,
            set.forAttention(precision),
            plan(batch, parameters),
            q,
            kv.layer(layer),
            out,
            scratch);
  }

  /** Worked out for the first layer of a pass and kept for the others. */
  private AttentionPlan plan(HostBatch batch, AttentionParameters parameters) {
    if (batch.plan() instanceof AttentionPlan plan && plan.parameters().equals(parameters)) {
      return plan;
    }
    AttentionPlan made = AttentionPlan.of(batch, parameters, pool.threads());
    batch.setPlan(made);
    return made;
  }

  @Override
  protected void gate(HostMatrix x, HostMatrix out) {
    scratch.get().rows().gate.run(pool, set, x, out);
  }

  @Override
  protected void rotate(HostMatrix x, int headDim, HostRopeTable table, HostBatch batch) {
    scratch.get().rows().rope.run(pool, set, x, headDim, table, batch.positionSegment());
  }

  @Override
  protected void rotateAndStore(
      HostMatrix q,
      HostMatrix k,
      HostMatrix v,
      int headDim,
      HostRopeTable table,
      NativeKvPool kv,
      int layer,
      HostBatch batch) {
    scratch.get().placing().run(pool, set, q, k, v, headDim, table, kv, layer, batch);
  }

  @Override
  protected void storeKv(HostMatrix x, NativeKvPool kv, int layer, int side, HostBatch batch) {
    KvLayout layout = kv.layout();
    scratch
        .get()
        .rows()
        .store
        .run(
            pool,
            set,
            x,
            kv.layer(layer),
            side,
            layout.kvHeads(),
            batch.slotSegment(layout.blockSize()));
  }

  @Override
  protected void accumulate(HostMatrix x, HostMatrix sum) {
    scratch.get().rows().add.run(pool, set, x, sum);
  }

  @Override
  protected void largest(HostMatrix x, int[] target) {
    scratch.get().rows().argmax.run(pool, set, x, target);
  }

  @Override
  public void close() {
    Arenas.close(arena);
  }
}
