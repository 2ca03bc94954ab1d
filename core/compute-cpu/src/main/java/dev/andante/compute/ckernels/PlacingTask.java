package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.KvLayout;
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

  private final RowTasks.Rope queries = new RowTasks.Rope();
  private final RowTasks.Rope keys = new RowTasks.Rope();
  private final RowTasks.Store storedKeys = new RowTasks.Store();
  private final RowTasks.Store storedValues = new RowTasks.Store();

  PlacingTask() {
    super(GRAIN);
  }

  /** See {@link dev.andante.compute.Backend#ropeAndWriteKv}. */
  void run(
      ComputePool pool,
      InstructionSet set,
      HostMatrix q,
      HostMatrix k,
      HostMatrix v,
      int headDim,
      HostRopeTable table,
      NativeKvPool memory,
      int layer,
      HostBatch batch) {
    MemorySegment positions = batch.positionSegment();
    queries.of(headDim, table, positions);
    queries.prepare(set, q);
    keys.of(headDim, table, positions);
    keys.prepare(set, k);
    KvLayout layout = memory.layout();
    MemorySegment kv = memory.layer(layer);
    MemorySegment slots = batch.slotSegment(layout.blockSize());
    storedKeys.to(kv, OffHeapKvPool.KEYS, layout.kvHeads(), slots);
    storedKeys.prepare(set, k);
    storedValues.to(kv, OffHeapKvPool.VALUES, layout.kvHeads(), slots);
    storedValues.prepare(set, v);
    run(pool, set, q);
  }

  @Override
  protected void rows(int from, int to) {
    queries.rows(from, to);
    keys.rows(from, to);
    storedKeys.rows(from, to);
    storedValues.rows(from, to);
  }
}
