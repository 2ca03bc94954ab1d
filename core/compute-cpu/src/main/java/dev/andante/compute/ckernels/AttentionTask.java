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
    pool.run(how.work().length, this);
    AttentionParameters parameters = how.parameters();
    for (AttentionPlan.Merge merge : how.merges()) {
      Kernels.mergeSpans(
          isa,
          partials,
          merge.partialsAt(),
          merge.rows(),
          parameters.heads(),
          merge.spans(),
          parameters.headDim(),
          out,
          outAt + merge.firstRow() * outStride,
          outStride);
    }
  }

  @Override
  public void run(int task) {
    AttentionPlan how = Objects.requireNonNull(plan);
    AttentionPlan.Work work = how.work()[task];
    AttentionParameters parameters = how.parameters();
    int group = parameters.heads() / parameters.kvHeads();
    Scratch mine = Objects.requireNonNull(scratch).get();
    Kernels.attention(
        isa,
        q,
        qAt + work.firstRow() * qStride,
        qStride,
        kv,
        work.blocks(),
        work.rows(),
        work.position(),
        work.kvHead(),
        work.kvHead() * group,
        group,
        parameters.scale(),
        out,
        outAt + work.firstRow() * outStride,
        outStride,
        work.span(),
        work.spans(),
        parameters.heads(),
        work.span() == AttentionPlan.ALL_SPANS ? MemorySegment.NULL : partials,
        work.partialsAt(),
        mine.attention(scratchFloats(group, parameters.headDim())));
  }

  /** {@code ATTENTION_SCRATCH} of kernels.h. */
  private static long scratchFloats(int heads, int headDim) {
    return 64L * (headDim + 16) + 3L * AttentionPlan.ROWS * heads * (headDim + 18);
  }
}
