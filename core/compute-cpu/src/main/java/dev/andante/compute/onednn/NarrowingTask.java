package dev.andante.compute.onednn;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Converts the rows of a product to what the library multiplies, followed by zero rows for kernels
 * that take more than are left. Reused from product to product by the thread that owns it.
 */
final class NarrowingTask implements ComputePool.Task {

  /** Elements worth a task of their own. */
  private static final int GRAIN = 16 * 1024;

  private @Nullable Arithmetic arithmetic;
  private @Nullable Workers workers;
  private MemorySegment memory = MemorySegment.NULL;
  private float[] scales = new float[0];
  private float[] x = new float[0];
  private int xAt;
  private int xStride;
  private int rows;
  private int inputs;
  private int each;
  private long rowBytes;

  /**
   * @param worker of the calling thread, whose buffers take the rows
   * @param idle zero rows to add
   */
  void run(ComputePool pool, Arithmetic how, Workers all, Worker worker, HostMatrix in, int idle) {
    arithmetic = how;
    workers = all;
    x = in.data();
    xAt = in.offset(0);
    xStride = in.stride();
    rows = in.rows();
    inputs = in.columns();
    rowBytes = (long) inputs * how.factors().bytes();
    memory = worker.rows((rows + idle) * rowBytes);
    if (idle > 0) {
      memory.asSlice(rows * rowBytes, idle * rowBytes).fill((byte) 0);
    }
    scales = worker.scales(rows);
    each = Math.max(1, GRAIN / inputs);
    pool.run((rows + each - 1) / each, this);
  }

  @Override
  public void run(int task) {
    Arithmetic how = Objects.requireNonNull(arithmetic);
    float[] scratch = Objects.requireNonNull(workers).mine().values(inputs);
    for (int r = task * each; r < Math.min(rows, (task + 1) * each); r++) {
      scales[r] = how.narrowRow(x, xAt + r * xStride, inputs, scratch, memory, r * rowBytes);
    }
  }

  /** Where a converted row lies. */
  long address(int row) {
    return memory.address() + row * rowBytes;
  }

  /** What each sum of a row is multiplied by. */
  float scale(int row) {
    return scales[row];
  }
}
