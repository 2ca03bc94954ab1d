package dev.andante.compute.ckernels;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Batch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.KvLayout;
import dev.andante.compute.host.HostBatch;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Splits causal attention into calls of the kernel: some rows of one sequence with the query heads
 * of one KV head; where that gives too few tasks for the threads, also by spans of the context,
 * merged afterwards in order. How it is split changes no bit.
 */
final class Attention {

  /** {@code ATTENTION_ROWS} and {@code SPAN} of kernels.h. */
  private static final int ROWS = 16;

  private static final int SPAN = 256;

  /** Tasks a thread should have before contexts are left whole. */
  private static final int TASKS_PER_THREAD = 4;

  private static final int ALL_SPANS = -1;

  /** Rows {@code [from, to)} of a sequence, one KV head, one span of the context or all. */
  private record Work(int from, int to, int kvHead, int span, int spans, long partials) {}

  private final ComputePool pool;
  private final ThreadLocal<Scratch> scratch;

  Attention(ComputePool pool, ThreadLocal<Scratch> scratch) {
    this.pool = pool;
    this.scratch = scratch;
  }

  void attend(
      InstructionSet set,
      HostMatrix q,
      NativeKvPool kv,
      int layer,
      AttentionParameters parameters,
      HostBatch batch,
      HostMatrix out) {
    int isa = set.code();
    int headDim = parameters.headDim();
    List<Work> work = split(batch, parameters);
    List<Work> merges = new ArrayList<>();
    long floats = 0;
    for (int i = 0; i < work.size(); i++) {
      Work one = work.get(i);
      if (one.span() != ALL_SPANS && one.span() == 0 && one.kvHead() == 0) {
        merges.add(one);
        floats =
            one.partials()
                + (long) (one.to() - one.from()) * parameters.heads() * one.spans() * (headDim + 2);
      }
    }
    MemorySegment partials = floats == 0 ? MemorySegment.NULL : scratch.get().partials(floats);
    MemorySegment view = kv.layer(layer);
    pool.run(
        work.size(),
        i -> attend(isa, work.get(i), q, view, kv.layout(), parameters, batch, out, partials));
    for (Work one : merges) {
      Kernels.mergeSpans(
          isa,
          partials.asSlice(Float.BYTES * one.partials()),
          one.to() - one.from(),
          parameters.heads(),
          one.spans(),
          headDim,
          row(out, one.from()),
          out.stride());
    }
  }

  private List<Work> split(HostBatch bound, AttentionParameters parameters) {
    Batch batch = bound.batch();
    int kvHeads = parameters.kvHeads();
    long whole = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      int rows = batch.rowStart()[s + 1] - batch.rowStart()[s];
      whole += (long) (rows + ROWS - 1) / ROWS * kvHeads;
    }
    boolean bySpan = whole < (long) TASKS_PER_THREAD * pool.threads();
    List<Work> work = new ArrayList<>();
    long partials = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      int end = batch.rowStart()[s + 1];
      for (int from = batch.rowStart()[s]; from < end; from += ROWS) {
        int to = Math.min(end, from + ROWS);
        int spans = bound.position(to - 1) / SPAN + 1;
        boolean split = bySpan && spans > 1;
        for (int head = 0; head < kvHeads; head++) {
          for (int span = 0; span < (split ? spans : 1); span++) {
            work.add(new Work(from, to, head, split ? span : ALL_SPANS, spans, partials));
          }
        }
        if (split) {
          partials += (long) (to - from) * parameters.heads() * spans * (parameters.headDim() + 2);
        }
      }
    }
    return work;
  }

  private void attend(
      int isa,
      Work work,
      HostMatrix q,
      MemorySegment view,
      KvLayout layout,
      AttentionParameters parameters,
      HostBatch batch,
      HostMatrix out,
      MemorySegment partials) {
    int group = parameters.heads() / parameters.kvHeads();
    Kernels.attention(
        isa,
        row(q, work.from()),
        q.stride(),
        view,
        MemorySegment.ofArray(batch.blocks(work.from())),
        work.to() - work.from(),
        batch.position(work.from()),
        work.kvHead(),
        work.kvHead() * group,
        group,
        parameters.scale(),
        row(out, work.from()),
        out.stride(),
        work.span(),
        work.spans(),
        parameters.heads(),
        work.span() == ALL_SPANS
            ? MemorySegment.NULL
            : partials.asSlice(Float.BYTES * work.partials()),
        scratch.get().attention(scratchFloats(group, layout.headDim())));
  }

  private static MemorySegment row(HostMatrix matrix, int row) {
    return matrix.segment().asSlice((long) Float.BYTES * matrix.offset(row));
  }

  /** {@code ATTENTION_SCRATCH} of kernels.h. */
  private static long scratchFloats(int heads, int headDim) {
    return 64L * (headDim + 16) + 3L * ROWS * heads * (headDim + 18);
  }
}
