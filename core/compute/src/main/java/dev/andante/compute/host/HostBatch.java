package dev.andante.compute.host;

import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;

/** A batch with the position and the sequence of each row worked out. */
public final class HostBatch implements BoundBatch {

  private final Batch batch;
  private final int[] positions;
  private final int[] sequences;

  /**
   * @throws IllegalArgumentException if the row starts are not ascending, a context is negative or
   *     a logit row does not exist
   */
  public HostBatch(Batch batch) {
    this.batch = batch;
    this.positions = new int[batch.rows()];
    this.sequences = new int[batch.rows()];
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
