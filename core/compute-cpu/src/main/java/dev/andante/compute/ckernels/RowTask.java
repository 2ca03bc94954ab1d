package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;

/** An operation on the rows of a matrix, split by rows; reused as {@link ProductTask} is. */
abstract class RowTask implements ComputePool.Task {

  /** Elements worth a task of their own in operations that do little for each. */
  private static final int GRAIN = 16 * 1024;

  protected int isa;
  protected MemorySegment x = MemorySegment.NULL;
  protected long xAt;
  protected long xStride;
  protected int columns;
  private final int grain;
  private int rows;
  private int each;

  RowTask() {
    this(GRAIN);
  }

  /**
   * @param grain elements worth a task of their own
   */
  RowTask(int grain) {
    this.grain = grain;
  }

  /** Runs over all rows of {@code in}; the subclass's own fields are set before. */
  protected final void run(ComputePool pool, InstructionSet set, HostMatrix in) {
    prepare(set, in);
    each = Math.max(1, grain / columns);
    pool.run((rows + each - 1) / each, this);
  }

  /** For {@link #rows} of {@code in}. */
  protected final void prepare(InstructionSet set, HostMatrix in) {
    isa = set.code();
    x = in.segment();
    xAt = in.offset(0);
    xStride = in.stride();
    columns = in.columns();
    rows = in.rows();
  }

  @Override
  public final void run(int task) {
    rows(task * each, Math.min(rows, (task + 1) * each));
  }

  /** The kernel over rows {@code [from, to)}. */
  protected abstract void rows(int from, int to);
}
