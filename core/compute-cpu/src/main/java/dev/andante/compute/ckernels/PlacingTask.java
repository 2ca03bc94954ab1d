package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.KvLayout;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.host.HostBatch;
import dev.andante.compute.host.HostMatrix;
import dev.andante.compute.host.HostRopeTable;
import dev.andante.compute.host.OffHeapKvPool;
import java.lang.foreign.MemorySegment;

/**
 * Rotates queries and keys and stores keys and values, row after row, while they are in the first
 * cache; reused as {@link ProductTask} is.
 */
final class PlacingTask extends RowTask {

  /** Elements of queries worth a task of their own. */
  private static final int GRAIN = 4 * 1024;

  private MemorySegment k = MemorySegment.NULL;
  private long kAt;
  private long kStride;
  private int kColumns;
  private MemorySegment v = MemorySegment.NULL;
  private long vAt;
  private long vStride;
  private int headDim;
  private int pairs;
  private int adjacent;
  private MemorySegment cosines = MemorySegment.NULL;
  private MemorySegment sines = MemorySegment.NULL;
  private MemorySegment positions = MemorySegment.NULL;
  private MemorySegment kv = MemorySegment.NULL;
  private int kvHeads;
  private MemorySegment slots = MemorySegment.NULL;

  PlacingTask() {
    super(GRAIN);
  }

  /** See {@link dev.andante.compute.Backend#ropeAndWriteKv}. */
  void run(
      ComputePool pool,
      InstructionSet set,
      HostMatrix queries,
      HostMatrix keys,
      HostMatrix values,
      int elementsOfHead,
      HostRopeTable table,
      NativeKvPool memory,
      int layer,
      HostBatch batch) {
    KvLayout layout = memory.layout();
    k = keys.segment();
    kAt = keys.offset(0);
    kStride = keys.stride();
    kColumns = keys.columns();
    v = values.segment();
    vAt = values.offset(0);
    vStride = values.stride();
    headDim = elementsOfHead;
    pairs = table.parameters().rotary() / 2;
    adjacent = table.parameters().style() == RopeParameters.Style.ADJACENT ? 1 : 0;
    cosines = table.cosineSegment();
    sines = table.sineSegment();
    positions = batch.positionSegment();
    kv = memory.layer(layer);
    kvHeads = layout.kvHeads();
    slots = batch.slotSegment(layout.blockSize());
    run(pool, set, queries);
  }

  @Override
  protected void rows(int from, int to) {
    rope(x, xAt, xStride, columns, from, to);
    rope(k, kAt, kStride, kColumns, from, to);
    Kernels.writeKv(isa, k, kAt, kStride, kv, OffHeapKvPool.KEYS, kvHeads, slots, from, to);
    Kernels.writeKv(isa, v, vAt, vStride, kv, OffHeapKvPool.VALUES, kvHeads, slots, from, to);
  }

  private void rope(MemorySegment rows, long at, long stride, int width, int from, int to) {
    Kernels.rope(
        isa, rows, at, stride, width, headDim, pairs, adjacent, cosines, sines, positions, from,
        to);
  }
}
