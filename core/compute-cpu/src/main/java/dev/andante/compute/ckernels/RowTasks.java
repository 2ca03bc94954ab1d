package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.host.HostMatrix;
import dev.andante.compute.host.HostRopeTable;
import java.lang.foreign.MemorySegment;

/** The operations on rows, one of each for a thread. */
final class RowTasks {

  final Norm norm = new Norm();
  final Gate gate = new Gate();
  final Rope rope = new Rope();
  final Store store = new Store();
  final Add add = new Add();
  final Argmax argmax = new Argmax();

  /** See {@link dev.andante.compute.Backend#rmsNorm}. */
  static final class Norm extends RowTask {

    private MemorySegment gain = MemorySegment.NULL;
    private int run;
    private float eps;
    private MemorySegment out = MemorySegment.NULL;
    private long outAt;
    private long outStride;

    void run(
        ComputePool pool,
        InstructionSet set,
        HostMatrix in,
        int columnsOfRun,
        MemorySegment factors,
        float epsilon,
        HostMatrix to) {
      gain = factors;
      run = columnsOfRun;
      eps = epsilon;
      out = to.segment();
      outAt = to.offset(0);
      outStride = to.stride();
      run(pool, set, in);
    }

    @Override
    protected void rows(int from, int to) {
      Kernels.rmsNorm(
          isa, x, xAt, xStride, gain, run, columns, eps, out, outAt, outStride, from, to);
    }
  }

  /** See {@link dev.andante.compute.Backend#siluMul}. */
  static final class Gate extends RowTask {

    private MemorySegment out = MemorySegment.NULL;
    private long outAt;
    private long outStride;
    private int n;

    void run(ComputePool pool, InstructionSet set, HostMatrix in, HostMatrix to) {
      out = to.segment();
      outAt = to.offset(0);
      outStride = to.stride();
      n = to.columns();
      run(pool, set, in);
    }

    @Override
    protected void rows(int from, int to) {
      Kernels.siluMul(isa, x, xAt, xStride, n, n, out, outAt, outStride, from, to);
    }
  }

  /** See {@link dev.andante.compute.Backend#rope}. */
  static final class Rope extends RowTask {

    private int headDim;
    private int pairs;
    private int adjacent;
    private MemorySegment cosines = MemorySegment.NULL;
    private MemorySegment sines = MemorySegment.NULL;
    private MemorySegment positions = MemorySegment.NULL;

    void run(
        ComputePool pool,
        InstructionSet set,
        HostMatrix in,
        int elementsOfHead,
        HostRopeTable table,
        MemorySegment rowPositions) {
      of(elementsOfHead, table, rowPositions);
      run(pool, set, in);
    }

    /** What is rotated, and by which angles; before {@link #prepare}. */
    void of(int elementsOfHead, HostRopeTable table, MemorySegment rowPositions) {
      headDim = elementsOfHead;
      pairs = table.parameters().rotary() / 2;
      adjacent = table.parameters().style() == RopeParameters.Style.ADJACENT ? 1 : 0;
      cosines = table.cosineSegment();
      sines = table.sineSegment();
      positions = rowPositions;
    }

    @Override
    protected void rows(int from, int to) {
      Kernels.rope(
          isa, x, xAt, xStride, columns, headDim, pairs, adjacent, cosines, sines, positions, from,
          to);
    }
  }

  /** One side of {@link dev.andante.compute.Backend#writeKv}. */
  static final class Store extends RowTask {

    /** Each element goes to a place of its own, far from the others. */
    private static final int GRAIN = 1024;

    private MemorySegment kv = MemorySegment.NULL;
    private int side;
    private int kvHeads;
    private MemorySegment slots = MemorySegment.NULL;

    Store() {
      super(GRAIN);
    }

    void run(
        ComputePool pool,
        InstructionSet set,
        HostMatrix in,
        MemorySegment layer,
        int keysOrValues,
        int heads,
        MemorySegment rowSlots) {
      to(layer, keysOrValues, heads, rowSlots);
      run(pool, set, in);
    }

    /** Where rows go; before {@link #prepare}. */
    void to(MemorySegment layer, int keysOrValues, int heads, MemorySegment rowSlots) {
      kv = layer;
      side = keysOrValues;
      kvHeads = heads;
      slots = rowSlots;
    }

    @Override
    protected void rows(int from, int to) {
      Kernels.writeKv(isa, x, xAt, xStride, kv, side, kvHeads, slots, from, to);
    }
  }

  /** See {@link dev.andante.compute.Backend#add}. */
  static final class Add extends RowTask {

    private MemorySegment sum = MemorySegment.NULL;
    private long sumAt;
    private long sumStride;

    void run(ComputePool pool, InstructionSet set, HostMatrix in, HostMatrix to) {
      sum = to.segment();
      sumAt = to.offset(0);
      sumStride = to.stride();
      run(pool, set, in);
    }

    @Override
    protected void rows(int from, int to) {
      Kernels.add(isa, x, xAt, xStride, sum, sumAt, sumStride, columns, from, to);
    }
  }

  /** See {@link dev.andante.compute.Backend#argmax}. */
  static final class Argmax extends RowTask {

    private int[] target = {};

    void run(ComputePool pool, InstructionSet set, HostMatrix in, int[] results) {
      target = results;
      run(pool, set, in);
    }

    @Override
    protected void rows(int from, int to) {
      for (int r = from; r < to; r++) {
        target[r] = Kernels.argmax(isa, x, xAt + r * xStride, columns);
      }
    }
  }
}
