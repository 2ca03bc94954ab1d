package dev.andante.compute.cuda;

import dev.andante.compute.Tensor;

/** Activations in device memory: row r starts {@code 4 * r * pitch} bytes after the address. */
final class CudaTensor implements Tensor {

  private final CommandQueue queue;
  private final CudaMemory memory;
  private final long offset;
  private final int rows;
  private final int columns;
  private final int pitch;
  private final boolean owner;

  private CudaTensor(
      CommandQueue queue,
      CudaMemory memory,
      long offset,
      int rows,
      int columns,
      int pitch,
      boolean owner) {
    this.queue = queue;
    this.memory = memory;
    this.offset = offset;
    this.rows = rows;
    this.columns = columns;
    this.pitch = pitch;
    this.owner = owner;
  }

  /** Uninitialised. Rows start at multiples of 16 bytes, so that kernels may load four at once. */
  static CudaTensor allocate(CommandQueue queue, int rows, int columns) {
    if (rows < 0 || columns < 1) {
      throw new IllegalArgumentException(
          "cannot allocate a tensor [" + rows + ", " + columns + "]");
    }
    int pitch = Math.ceilDiv(columns, 4) * 4;
    CudaMemory memory =
        queue.device().allocate(4L * rows * pitch, "a tensor [" + rows + ", " + columns + "]");
    return new CudaTensor(queue, memory, 0, rows, columns, pitch, true);
  }

  /**
   * @throws IllegalArgumentException if the tensor is another backend's
   */
  static CudaTensor of(Tensor tensor, CommandQueue queue) {
    if (tensor instanceof CudaTensor mine && mine.queue == queue) {
      return mine;
    }
    throw new IllegalArgumentException(
        "tensor of another backend: " + tensor.getClass().getSimpleName());
  }

  /**
   * @throws IllegalStateException after close
   */
  long address() {
    return memory.address() + offset;
  }

  /** Elements between the starts of neighbouring rows. */
  int pitch() {
    return pitch;
  }

  /** Whether every row starts at a multiple of 16 bytes. */
  boolean isAligned() {
    return offset % 16 == 0 && pitch % 4 == 0;
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
  public CudaTensor rows(int n) {
    if (n < 0 || n > rows) {
      throw new IllegalArgumentException(n + " of " + rows + " rows");
    }
    return new CudaTensor(queue, memory, offset, n, columns, pitch, false);
  }

  @Override
  public CudaTensor columns(int from, int to) {
    if (from < 0 || from >= to || to > columns) {
      throw new IllegalArgumentException("columns [" + from + ", " + to + ") of " + columns);
    }
    return new CudaTensor(queue, memory, offset + 4L * from, rows, to - from, pitch, false);
  }

  @Override
  public void close() {
    if (owner) {
      synchronized (queue) {
        if (!memory.isClosed()) {
          queue.discardable();
          memory.close();
        }
      }
    }
  }

  @Override
  public String toString() {
    return "[" + rows + ", " + columns + "]";
  }
}
