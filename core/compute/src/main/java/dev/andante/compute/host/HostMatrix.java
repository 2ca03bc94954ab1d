package dev.andante.compute.host;

import dev.andante.compute.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Activations in one float array: row r starts at {@code offset(r)} and is contiguous. */
public final class HostMatrix implements Tensor {

  /** The array, gone after close; shared by the owner and its views. */
  private static final class Storage {
    private float @Nullable [] array;
    private final MemorySegment segment;

    Storage(float[] array) {
      this.array = array;
      this.segment = MemorySegment.ofArray(array);
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
    if (rows < 0 || columns < 1 || (long) rows * columns > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "cannot allocate a tensor [" + rows + ", " + columns + "]");
    }
    return new HostMatrix(new Storage(new float[rows * columns]), 0, rows, columns, columns, true);
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
      storage.array = null;
    }
  }

  @Override
  public String toString() {
    return "[" + rows + ", " + columns + "]";
  }
}
