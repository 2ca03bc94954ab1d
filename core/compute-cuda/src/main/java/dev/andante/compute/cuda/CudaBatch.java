package dev.andante.compute.cuda;

import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A batch whose indices are on the device, one array of ints after the other. */
final class CudaBatch implements BoundBatch {

  /** Rows of a sequence up to which each tile of its cache gets a warp of its own. */
  static final int SHORT_ROWS = 8;

  private final CommandQueue queue;
  private final IndexSlots slots;
  private final IndexSlots.Slot slot;
  private final Batch batch;
  private final int tablePitch;
  private final int maxPosition;
  private int shortSequences;
  private int longSequences;
  private int maxShortRows;
  private int maxLongRows;
  private int maxShortContext;
  private @Nullable CudaKvPool checked;
  private boolean closed;

  /**
   * Checks and uploads.
   *
   * @throws IllegalArgumentException if the row starts are not ascending, a context is negative or
   *     a logit row does not exist
   */
  CudaBatch(CommandQueue queue, IndexSlots slots, Batch batch) {
    this.queue = queue;
    this.slots = slots;
    this.batch = batch;
    check(batch);
    int longest = 0;
    for (int[] table : batch.blockTables()) {
      longest = Math.max(longest, table == null ? 0 : table.length);
    }
    // Rounded up so that a sequence that grows by a block moves nothing.
    this.tablePitch = Math.max(16, Integer.highestOneBit(Math.max(1, longest - 1)) * 2);
    int ints = 3 * batch.rows() + (3 + tablePitch) * batch.sequences() + 1;
    this.slot = slots.acquire(4 * ints);
    this.maxPosition = fill(slot.host().buffer().clear().asIntBuffer());
    slots.upload(slot, 4 * ints);
  }

  private static void check(Batch batch) {
    for (int s = 0; s < batch.sequences(); s++) {
      int from = batch.rowStart()[s];
      int to = batch.rowStart()[s + 1];
      if (from > to || to > batch.rows() || batch.context()[s] < 0) {
        throw new IllegalArgumentException(
            "sequence " + s + ": rows [" + from + ", " + to + "), context " + batch.context()[s]);
      }
    }
    for (int row : batch.logitRows()) {
      if (row < 0 || row >= batch.rows()) {
        throw new IllegalArgumentException("logit row " + row + " of " + batch.rows());
      }
    }
  }

  static CudaBatch of(BoundBatch bound) {
    if (bound instanceof CudaBatch mine) {
      return mine;
    }
    throw new IllegalArgumentException(
        "batch bound by another backend: " + bound.getClass().getSimpleName());
  }

  /** Writes all indices; returns the highest position. */
  private int fill(IntBuffer target) {
    int rows = batch.rows();
    int[] positions = new int[rows];
    int[] sequences = new int[rows];
    int[] order = new int[batch.sequences()];
    int back = order.length;
    int highest = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      int from = batch.rowStart()[s];
      int count = batch.rowStart()[s + 1] - from;
      for (int r = 0; r < count; r++) {
        positions[from + r] = batch.context()[s] + r;
        sequences[from + r] = s;
      }
      highest = count == 0 ? highest : Math.max(highest, batch.context()[s] + count - 1);
      if (count > SHORT_ROWS) {
        longSequences++;
        order[--back] = s;
        maxLongRows = Math.max(maxLongRows, count);
      } else if (count > 0) {
        order[shortSequences++] = s;
        maxShortRows = Math.max(maxShortRows, count);
        maxShortContext = Math.max(maxShortContext, batch.context()[s] + count);
      }
    }
    target.put(batch.tokens()).put(positions).put(sequences);
    target.put(batch.rowStart()).put(batch.context()).put(order);
    for (int[] table : batch.blockTables()) {
      int[] row = table == null ? new int[tablePitch] : Arrays.copyOf(table, tablePitch);
      target.put(row);
    }
    return highest;
  }

  @Override
  public Batch batch() {
    return batch;
  }

  int maxPosition() {
    return maxPosition;
  }

  /** Sequences with few new rows; their indices come first in {@link #order}. */
  int shortSequences() {
    return shortSequences;
  }

  /** Sequences with many new rows; their indices come last in {@link #order}. */
  int longSequences() {
    return longSequences;
  }

  int maxShortRows() {
    return maxShortRows;
  }

  int maxLongRows() {
    return maxLongRows;
  }

  /** Positions that the longest sequence with few new rows attends to. */
  int maxShortContext() {
    return maxShortContext;
  }

  int tablePitch() {
    return tablePitch;
  }

  long tokens() {
    return slot.address();
  }

  long positions() {
    return tokens() + 4L * batch.rows();
  }

  long sequences() {
    return positions() + 4L * batch.rows();
  }

  long rowStart() {
    return sequences() + 4L * batch.rows();
  }

  long context() {
    return rowStart() + 4L * (batch.sequences() + 1);
  }

  long order() {
    return context() + 4L * batch.sequences();
  }

  long tables() {
    return order() + 4L * batch.sequences();
  }

  /** Checks, once for each pool, that the blocks exist and hold context and new tokens. */
  void checkBlocks(CudaKvPool pool) {
    if (checked == pool) {
      return;
    }
    batch.requireBlocks(pool.layout(), pool.blocks());
    checked = pool;
  }

  /** Sends the pass to the device and frees the indices for the next one. */
  @Override
  public void close() {
    synchronized (queue) {
      if (!closed) {
        closed = true;
        queue.discardable();
        slots.release(slot);
      }
    }
  }
}
