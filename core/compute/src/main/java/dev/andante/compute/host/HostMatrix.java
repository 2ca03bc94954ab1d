package dev.andante.compute.host;

import dev.andante.compute.BackendException;
import dev.andante.compute.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Activations in one float array: row r starts at {@code offset(r)} and is contiguous. */
public final class HostMatrix implements Tensor {

  /** The array, gone after close; shared by the owner and its views. */
  private static final class Storage {
    private float @Nullable [] array;
    private MemorySegment segment;

    Storage(int length) {
      array = new float[length];
      segment = MemorySegment.ofArray(array);
    }

    /** At least this long; doubles, up to {@code most}, and loses what it held. */
    void atLeast(int length, int most) {
      float[] old = array;
      if (old != null && old.length < length) {
        free(); // or both would have to fit
        array = new float[(int) Math.min(most, Math.max(length, 2L * old.length))];
        segment = MemorySegment.ofArray(array);
      }
    }

    void free() {
      array = null;
      segment = MemorySegment.NULL;
    }
  }

  private final Storage storage;
  private final int start;
  private final int rows;
  private final int columns;
  private final int stride;
  private final boolean owner;

  private HostMatrix(Storage storage, int start, int rows, int columns, int stride, boolean owner) {
    this.storage = storage;
    this.start = start;
    this.rows = rows;
    this.columns = columns;
    this.stride = stride;
    this.owner = owner;
  }

  /**
   * Zeroed.
   *
   * @throws IllegalArgumentException if a size is not positive or the product does not fit an array
   */
  public static HostMatrix allocate(int rows, int columns) {
    requireFits(rows, columns);
    return new HostMatrix(new Storage(rows * columns), 0, rows, columns, columns, true);
  }

  /**
   * As {@link dev.andante.compute.Backend#allocateOnDemand} has it.
   *
   * @throws IllegalArgumentException if a size is not positive or the product does not fit an array
   * @throws BackendException if the heap has no room for all rows
   */
  static HostMatrix onDemand(int maxRows, int columns) {
    requireFits(maxRows, columns);
    long bytes = 4L * maxRows * columns;
    if (bytes > heapLeft()) {
      System.gc(); // what is garbage counts as used
      if (bytes > heapLeft()) {
        throw new BackendException(
            "not enough memory for a tensor [%d, %d]: it needs %d bytes of heap, %d are left; raise -Xmx"
                .formatted(maxRows, columns, bytes, heapLeft()));
      }
    }
    return new HostMatrix(new Storage(0), 0, maxRows, columns, columns, true);
  }

  private static void requireFits(int rows, int columns) {
    if (rows < 0 || columns < 1 || (long) rows * columns > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "cannot allocate a tensor [" + rows + ", " + columns + "]");
    }
  }

  private static long heapLeft() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
  }

  /**
   * @throws IllegalArgumentException if the tensor is another backend's
   */
  public static HostMatrix of(Tensor tensor) {
    if (tensor instanceof HostMatrix matrix) {
      return matrix;
    }
    throw new IllegalArgumentException(
        "tensor of another backend: " + tensor.getClass().getSimpleName());
  }

  /**
   * The array behind this matrix and all that share its memory.
   *
   * @throws IllegalStateException after close
   */
  public float[] data() {
    float[] array = storage.array;
    if (array == null) {
      throw new IllegalStateException("tensor is closed");
    }
    return array;
  }

  /**
   * {@link #data} as memory that native kernels can be given.
   *
   * @throws IllegalStateException after close
   */
  public MemorySegment segment() {
    data();
    return storage.segment;
  }

  /** Index of the first element of a row. */
  public int offset(int row) {
    return start + row * stride;
  }

  /** Distance between the starts of neighbouring rows. */
  public int stride() {
    return stride;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  @Override
  public HostMatrix rows(int n) {
    if (n < 0 || n > rows) {
      throw new IllegalArgumentException(n + " of " + rows + " rows");
    }
    if (owner) {
      storage.atLeast(n * stride, rows * stride);
    }
    return new HostMatrix(storage, start, n, columns, stride, false);
  }

  @Override
  public HostMatrix columns(int from, int to) {
    if (from < 0 || from >= to || to > columns) {
      throw new IllegalArgumentException("columns [" + from + ", " + to + ") of " + columns);
    }
    return new HostMatrix(storage, start + from, rows, to - from, stride, false);
  }

  @Override
  public void close() {
    if (owner) {
      storage.free();
    }
  }

  @Override
  public String toString() {
    return "[" + rows + ", " + columns + "]";
  }
}
