package dev.andante.engine.tiers;

import dev.andante.compute.host.Arenas;
import dev.andante.compute.host.HugePages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Blocks in memory of the host, allocated once. Engine thread only. */
final class HostTier implements AutoCloseable {

  private final long bytesPerBlock;
  private final SlotIndex index;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  /**
   * @throws IllegalArgumentException if the memory cannot be had, or not even one block fits
   */
  HostTier(long bytes, long bytesPerBlock) {
    long slots = bytes / bytesPerBlock;
    if (slots < 1 || slots > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "host_bytes of %d hold %d blocks of %d bytes; they must hold 1 to 2^31 - 1"
              .formatted(bytes, slots, bytesPerBlock));
    }
    this.bytesPerBlock = bytesPerBlock;
    this.index = new SlotIndex((int) slots);
    try {
      this.memory = HugePages.allocate(arena, slots * bytesPerBlock);
      HugePages.touch(memory); // takes its room now: what is not there must not be missed later
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new IllegalArgumentException("no memory for host_bytes of " + bytes, e);
    }
  }

  SlotIndex index() {
    return index;
  }

  /** Where the entry's content lies, in wire order; the entry's as long as it is in the index. */
  MemorySegment content(SlotIndex.Entry entry) {
    return memory.asSlice(entry.slot() * bytesPerBlock, bytesPerBlock);
  }

  @Override
  public void close() {
    Arenas.close(arena);
  }
}
