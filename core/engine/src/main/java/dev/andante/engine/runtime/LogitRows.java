package dev.andante.engine.runtime;

import dev.andante.compute.Backend;
import dev.andante.compute.Tensor;

/** The logits of one step, read from the backend only as far as somebody looks at them. */
final class LogitRows implements AutoCloseable {

  private final Backend backend;
  private final Tensor oneRow;
  private final int[] oneIndex = new int[1];
  private final float[] row;
  private final int[] argmax;
  private Tensor logits;
  private boolean haveArgmax;

  LogitRows(Backend backend, int vocabulary, int maxRows) {
    this.backend = backend;
    this.oneRow = backend.allocate(1, vocabulary);
    this.row = new float[vocabulary];
    this.argmax = new int[maxRows];
    this.logits = oneRow;
  }

  void begin(Tensor ofStep) {
    logits = ofStep;
    haveArgmax = false;
  }

  /** Largest column of a row; computed for all rows at once. */
  int argmax(int index) {
    if (!haveArgmax) {
      backend.argmax(logits, argmax);
      haveArgmax = true;
    }
    return argmax[index];
  }

  /** A copy of a row, overwritten by the next call. */
  float[] read(int index) {
    oneIndex[0] = index;
    backend.gatherRows(logits, oneIndex, oneRow);
    backend.read(oneRow, row);
    return row;
  }

  @Override
  public void close() {
    oneRow.close();
  }
}
