package dev.andante.compute.ckernels;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Batch;
import dev.andante.compute.host.HostBatch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How the attention of a batch is split into calls of the kernel, the same for every layer: some
 * rows of one sequence with the query heads of one KV head, or of all of them, which reads the
 * cache in order, where rows are few and tasks are many; where tasks are too few for the threads,
 * also by spans of the context, merged afterwards in order. How it is split changes no bit.
 *
 * @param runs of rows, in order of their first task
 * @param small whether one thread had better do it all
 * @param partialFloats room for the sums of spans
 */
record AttentionPlan(
    AttentionParameters parameters, Run[] runs, int tasks, boolean small, long partialFloats) {

  /** {@code ATTENTION_ROWS} and {@code SPAN} of kernels.h. */
  static final int ROWS = 32;

  private static final int SPAN = 256;

  /** Tasks a thread should have before contexts are left whole, and heads together. */
  private static final int TASKS_PER_THREAD = 4;

  /** Rows up to which reading the cache costs more than computing with it. */
  private static final int FEW_ROWS = 4;

  /**
   * Up to so much {@link #work}, about 15 µs, one thread does it all: others would come too late.
   */
  private static final long SMALL = 600_000;

  /** What the kernel takes for the whole context. */
  static final int ALL_SPANS = -1;

  /**
   * Rows of one sequence; a task for each KV head or all of them, and span of the context.
   *
   * @param position of the first row
   * @param kvHeads of a task
   * @param spans that the context is split into; 1 = not split
   * @param partialsAt where the sums of these rows' spans begin
   */
  record Run(
      int firstTask,
      int firstRow,
      int rows,
      int position,
      int kvHeads,
      MemorySegment blocks,
      int spans,
      long partialsAt) {

    boolean isSplit() {
      return spans > 1;
    }

    /** The first KV head of a task. */
    int kvHead(int task) {
      return (task - firstTask) / spans * kvHeads;
    }

    int span(int task) {
      return isSplit() ? (task - firstTask) % spans : ALL_SPANS;
    }
  }

  static AttentionPlan of(HostBatch bound, AttentionParameters parameters, int threads) {
    Batch batch = bound.batch();
    long enough = (long) TASKS_PER_THREAD * threads;
    boolean small = work(bound, parameters) <= SMALL;
    boolean bySpan = !small && tasks(bound, new Split(parameters.kvHeads(), false, false)) < enough;
    Split together = new Split(parameters.kvHeads(), true, bySpan);
    Split split =
        small || tasks(bound, together) >= enough
            ? together
            : new Split(parameters.kvHeads(), false, bySpan);
    List<Run> runs = new ArrayList<>();
    int tasks = 0;
    long floats = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      MemorySegment blocks = MemorySegment.ofArray(batch.blockTables()[s]);
      int end = batch.rowStart()[s + 1];
      for (int from = batch.rowStart()[s]; from < end; from += ROWS) {
        int rows = Math.min(ROWS, end - from);
        int position = bound.position(from);
        int spans = split.spans(position + rows - 1);
        runs.add(new Run(tasks, from, rows, position, split.heads(rows), blocks, spans, floats));
        tasks += split.tasks(rows, position);
        if (spans > 1) {
          floats += (long) rows * parameters.heads() * spans * (parameters.headDim() + 2);
        }
      }
    }
    return new AttentionPlan(parameters, runs.toArray(Run[]::new), tasks, small, floats);
  }

  /**
   * Elements read, each weighed with what is computed with it: reading one costs about as four
   * pairs.
   */
  private static long work(HostBatch bound, AttentionParameters parameters) {
    Batch batch = bound.batch();
    int group = parameters.heads() / parameters.kvHeads();
    long work = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      int rows = batch.rowStart()[s + 1] - batch.rowStart()[s];
      if (rows == 0) {
        continue;
      }
      long tokens = (long) bound.position(batch.rowStart()[s]) + rows;
      work += tokens * 2 * parameters.kvHeads() * parameters.headDim() * (4 + (long) rows * group);
    }
    return work;
  }

  /** How many there would be. */
  private static long tasks(HostBatch bound, Split split) {
    Batch batch = bound.batch();
    long tasks = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      int end = batch.rowStart()[s + 1];
      for (int from = batch.rowStart()[s]; from < end; from += ROWS) {
        tasks += split.tasks(Math.min(ROWS, end - from), bound.position(from));
      }
    }
    return tasks;
  }

  /**
   * How runs of rows become tasks.
   *
   * @param kvHeads of the model
   * @param together whether few rows take all of them in one task
   * @param bySpan whether contexts are split
   */
  private record Split(int kvHeads, boolean together, boolean bySpan) {

    /** KV heads of a task. */
    int heads(int rows) {
      return together && rows <= FEW_ROWS ? kvHeads : 1;
    }

    /** Spans of a context whose last token is at {@code position}. */
    int spans(int position) {
      return bySpan ? position / SPAN + 1 : 1;
    }

    /**
     * @param position of the first row
     */
    int tasks(int rows, int position) {
      return kvHeads / heads(rows) * spans(position + rows - 1);
    }
  }

  /** The run that a task belongs to. */
  Run runOf(int task) {
    int low = 0;
    int high = runs.length - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (runs[middle].firstTask() <= task) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return runs[low];
  }
}
