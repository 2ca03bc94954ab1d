package dev.andante.compute.ckernels;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Batch;
import dev.andante.compute.host.HostBatch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How the attention of a batch is split into calls of the kernel, the same for every layer: some
 * rows of one sequence with the query heads of one KV head; where that gives too few tasks for the
 * threads, also by spans of the context, merged afterwards in order. How it is split changes no
 * bit.
 *
 * @param partialFloats room for the sums of spans
 */
record AttentionPlan(
    AttentionParameters parameters, Work[] work, Merge[] merges, long partialFloats) {

  /** {@code ATTENTION_ROWS} and {@code SPAN} of kernels.h. */
  static final int ROWS = 16;

  private static final int SPAN = 256;

  /** Tasks a thread should have before contexts are left whole. */
  private static final int TASKS_PER_THREAD = 4;

  /** {@link Work#span} of work over the whole context. */
  static final int ALL_SPANS = -1;

  /**
   * @param firstRow of rows of one sequence
   * @param position of the first row
   * @param partialsAt where the sums of these rows' spans begin
   */
  record Work(
      int firstRow,
      int rows,
      int position,
      MemorySegment blocks,
      int kvHead,
      int span,
      int spans,
      long partialsAt) {}

  /** Rows whose spans are merged. */
  record Merge(int firstRow, int rows, int spans, long partialsAt) {}

  static AttentionPlan of(HostBatch bound, AttentionParameters parameters, int threads) {
    Batch batch = bound.batch();
    long whole = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      int rows = batch.rowStart()[s + 1] - batch.rowStart()[s];
      whole += (long) (rows + ROWS - 1) / ROWS * parameters.kvHeads();
    }
    boolean bySpan = whole < (long) TASKS_PER_THREAD * threads;
    List<Work> work = new ArrayList<>();
    List<Merge> merges = new ArrayList<>();
    long floats = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      MemorySegment blocks = MemorySegment.ofArray(batch.blockTables()[s]);
      int end = batch.rowStart()[s + 1];
      for (int from = batch.rowStart()[s]; from < end; from += ROWS) {
        int rows = Math.min(ROWS, end - from);
        int position = bound.position(from);
        int spans = (position + rows - 1) / SPAN + 1;
        boolean split = bySpan && spans > 1;
        for (int head = 0; head < parameters.kvHeads(); head++) {
          for (int span = 0; span < (split ? spans : 1); span++) {
            int which = split ? span : ALL_SPANS;
            work.add(new Work(from, rows, position, blocks, head, which, spans, floats));
          }
        }
        if (split) {
          merges.add(new Merge(from, rows, spans, floats));
          floats += (long) rows * parameters.heads() * spans * (parameters.headDim() + 2);
        }
      }
    }
    return new AttentionPlan(
        parameters, work.toArray(Work[]::new), merges.toArray(Merge[]::new), floats);
  }
}
