package dev.andante.compute.ckernels;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Attention of one layer; reused as {@link ProductTask} is. */
final class AttentionTask implements ComputePool.Task {

  private int isa;
  private @Nullable AttentionPlan plan;
  private @Nullable ThreadLocal<Scratch> scratch;
  private MemorySegment q = MemorySegment.NULL;
  private long qAt;
  private long qStride;
  private MemorySegment kv = MemorySegment.NULL;
  private MemorySegment out = MemorySegment.NULL;
  private long outAt;
  private long outStride;
  private MemorySegment partials = MemorySegment.NULL;

  /**
   * @param layer the {@code struct kv} of the layer
   * @param buffers of the threads
   */
  void run(
      ComputePool pool,
      InstructionSet set,
      AttentionPlan how,
      HostMatrix queries,
      MemorySegment layer,
      HostMatrix target,
      ThreadLocal<Scratch> buffers) {
    isa = set.code();
    plan = how;
    scratch = buffers;
    q = queries.segment();
    qAt = queries.offset(0);
    qStride = queries.stride();
    kv = layer;
    out = target.segment();
    outAt = target.offset(0);
    outStride = target.stride();
    partials =
        how.partialFloats() == 0 ? MemorySegment.NULL : buffers.get().partials(how.partialFloats());
    if (how.small()) {
      for (int task = 0; task < how.tasks(); task++) {
        run(task);
      }
    } else {
      pool.run(how.tasks(), this);
    }
    AttentionParameters parameters = how.parameters();
    for (AttentionPlan.Run run : how.runs()) {
      if (run.isSplit()) {
        Kernels.mergeSpans(
            isa,
            partials,
            run.partialsAt(),
            run.rows(),
            parameters.heads(),
            run.spans(),
            parameters.headDim(),
            out,
            outAt + run.firstRow() * outStride,
            outStride);
      }
    }
  }

  @Override
  public void run(int task) {
    AttentionPlan how = Objects.requireNonNull(plan);
    AttentionPlan.Run run = how.runOf(task);
    AttentionParameters parameters = how.parameters();
    int group = parameters.heads() / parameters.kvHeads();
    Scratch mine = Objects.requireNonNull(scratch).get();
    Kernels.attention(
        isa,
        q,
        qAt + run.firstRow() * qStride,
        qStride,
        kv,
        run.blocks(),
        run.rows(),
        run.position(),
        run.kvHead(task),
        run.kvHeads(),
        group,
        parameters.scale(),
        out,
        outAt + run.firstRow() * outStride,
        outStride,
        run.span(task),
        run.spans(),
        parameters.heads(),
        run.isSplit() ? partials : MemorySegment.NULL,
        run.partialsAt(),
        mine.attention(scratchFloats(group * run.kvHeads(), parameters.headDim())));
  }

  /** {@code ATTENTION_SCRATCH} of kernels.h. */
  private static long scratchFloats(int heads, int headDim) {
    return 128L * (headDim + 16) + 3L * AttentionPlan.ROWS * heads * (headDim + 22);
  }
}
