package dev.andante.benchmarks.ceilings;

import dev.andante.compute.host.HugePages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;

/**
 * Ceilings by the Vector API: streaming loads, and fused multiply-adds on registers alone, which no
 * f32 product of that width can exceed. It has no instructions for bf16 and s8.
 */
public final class VectorCeilings implements CeilingProbe {

  /** Iterations of the register loop between two looks at the clock. */
  private static final int FMA_ITERATIONS = 200_000;

  /** No loop's sum, but the compiler cannot know that and has to compute it. */
  private static final int IMPOSSIBLE = -1;

  private MemorySegment memory = MemorySegment.NULL;

  @Override
  public String source() {
    return "vector";
  }

  @Override
  public Set<Ceiling> kinds() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
        ? EnumSet.of(Ceiling.READ, Ceiling.F32)
        : EnumSet.noneOf(Ceiling.class);
  }

  @Override
  public synchronized double sample(Ceiling kind, int threads, long bytes) {
    return switch (kind) {
      case READ -> read(threads, bytes);
      case F32 ->
          Together.rate(
                  threads,
                  _ ->
                      FmaLoop.flops(FMA_ITERATIONS)
                          + (FmaLoop.run(FMA_ITERATIONS) == IMPOSSIBLE ? 1 : 0))
              / 1e9;
      case BF16, S8 -> throw new IllegalArgumentException("the Vector API has no " + kind.id());
    };
  }

  private double read(int threads, long bytes) {
    long share = bytes / threads / ReadLoop.STEP * ReadLoop.STEP;
    if (share == 0) {
      throw new IllegalArgumentException(bytes + " bytes are too few to read");
    }
    if (memory.byteSize() < share * threads) {
      // Shared by the reading threads; written, so that every page is memory of its own.
      memory = HugePages.allocate(Arena.ofAuto(), share * threads);
      memory.fill((byte) 1);
    }
    MemorySegment all = memory;
    // A thread looks at the clock about every 4 MB.
    long piece =
        Math.min(share, Math.max(ReadLoop.STEP, (4L << 20) / ReadLoop.STEP * ReadLoop.STEP));
    long[] at = new long[threads * 8]; // one cache line each
    return Together.rate(
            threads,
            t -> {
              long from = at[8 * t];
              long n = Math.min(piece, share - from);
              long sum = ReadLoop.run(all, t * share + from, n);
              at[8 * t] = from + n >= share ? 0 : from + n;
              return n + (sum == IMPOSSIBLE ? 1 : 0);
            })
        / 1e9;
  }
}
