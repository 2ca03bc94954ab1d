package dev.andante.compute.host;

import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A batch with the position and the sequence of each row worked out. */
public final class HostBatch implements BoundBatch {

  private final Batch batch;
  private final int[] positions;
  private final int[] sequences;
  private final MemorySegment positionSegment;
  private int[] slots = new int[0];
  private MemorySegment slotSegment = MemorySegment.NULL;
  private int slotsBlockSize;
  private @Nullable Object plan;

  /**
   * @throws IllegalArgumentException if the row starts are not ascending, a context is negative or
   *     a logit row does not exist
   */
  public HostBatch(Batch batch) {
    this.batch = batch;
    this.positions = new int[batch.rows()];
    this.sequences = new int[batch.rows()];
    this.positionSegment = MemorySegment.ofArray(positions);
    for (int s = 0; s < batch.sequences(); s++) {
      int from = batch.rowStart()[s];
      int to = batch.rowStart()[s + 1];
      if (from > to || to > batch.rows() || batch.context()[s] < 0) {
        throw new IllegalArgumentException(
            "sequence " + s + ": rows [" + from + ", " + to + "), context " + batch.context()[s]);
      }
      for (int r = from; r < to; r++) {
        positions[r] = batch.context()[s] + r - from;
        sequences[r] = s;
      }
    }
    for (int row : batch.logitRows()) {
      if (row < 0 || row >= batch.rows()) {
        throw new IllegalArgumentException("logit row " + row + " of " + batch.rows());
      }
    }
  }

  static HostBatch of(BoundBatch bound) {
    if (bound instanceof HostBatch batch) {
      return batch;
    }
    throw new IllegalArgumentException(
        "batch bound by another backend: " + bound.getClass().getSimpleName());
  }

  @Override
  public Batch batch() {
    return batch;
  }

  /** Position of a row in its sequence. */
  public int position(int row) {
    return positions[row];
  }

  /** The positions of all rows as memory that native kernels can be given. */
  public MemorySegment positionSegment() {
    return positionSegment;
  }

  /** {@link #slots} as memory that native kernels can be given. */
  public MemorySegment slotSegment(int blockSize) {
    slots(blockSize);
    return slotSegment;
  }

  /**
   * What a backend worked out about this batch and wants again in the next layer; for the thread
   * that owns the pass.
   */
  public @Nullable Object plan() {
    return plan;
  }

  public void setPlan(Object made) {
    plan = made;
  }

  /**
   * Where each row's keys and values go in blocks of {@code blockSize}: block * blockSize + token.
   * Worked out once; for the thread that owns the pass, and only where the blocks are known to
   * exist. Not to be written to.
   */
  public int[] slots(int blockSize) {
    if (slotsBlockSize != blockSize) {
      slots = new int[positions.length];
      for (int r = 0; r < slots.length; r++) {
        slots[r] = blocks(r)[positions[r] / blockSize] * blockSize + positions[r] % blockSize;
      }
      slotSegment = MemorySegment.ofArray(slots);
      slotsBlockSize = blockSize;
    }
    return slots;
  }

  /** Sequence that a row belongs to. */
  public int sequence(int row) {
    return sequences[row];
  }

  /** Blocks of the sequence that a row belongs to. */
  public int[] blocks(int row) {
    return batch.blockTables()[sequences[row]];
  }

  @Override
  public void close() {
    // heap memory only
  }
}
