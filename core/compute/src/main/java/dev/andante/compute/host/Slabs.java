package dev.andante.compute.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/**
 * Memory for many pieces that are freed together, side by side in {@link HugePages}. Pieces are
 * zeroed. Any thread.
 */
public final class Slabs implements SegmentAllocator {

  private static final long SLAB_BYTES = 32L << 20;

  private final Arena arena;
  private MemorySegment rest = MemorySegment.NULL;

  /**
   * @param arena shared; what is allocated here lives as long
   */
  public Slabs(Arena arena) {
    this.arena = arena;
  }

  /**
   * {@inheritDoc}
   *
   * @param alignment up to 2 MB
   * @throws OutOfMemoryError if the system has none
   */
  @Override
  public synchronized MemorySegment allocate(long bytes, long alignment) {
    long at = padding(rest, alignment);
    if (rest.byteSize() - at < bytes) {
      rest = HugePages.allocate(arena, Math.max(bytes, SLAB_BYTES));
      at = 0;
    }
    MemorySegment piece = rest.asSlice(at, bytes);
    rest = rest.asSlice(at + bytes);
    return piece;
  }

  private static long padding(MemorySegment memory, long alignment) {
    return -memory.address() & (alignment - 1);
  }
}
