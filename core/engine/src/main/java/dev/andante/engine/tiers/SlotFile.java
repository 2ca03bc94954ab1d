package dev.andante.engine.tiers;

import dev.andante.engine.kvcache.BlockKey;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Slots that outlast no process. Distinct slots may be read and written by distinct threads at
 * once.
 */
interface SlotFile extends AutoCloseable {

  /** Bytes of a buffer: the payload and what the file adds. */
  long bufferBytes();

  /** Where the payload lies in a buffer. */
  MemorySegment payload(MemorySegment buffer);

  /** Writes a buffer, in which only the payload was filled. */
  void write(int slot, BlockKey key, MemorySegment buffer) throws IOException;

  /**
   * Reads a slot; false if that is not, bit for bit, what was written under this name.
   *
   * @param buffer filled, with the payload in its place
   */
  boolean read(int slot, BlockKey key, MemorySegment buffer) throws IOException;

  /** Gives the file up; nothing of it is left. */
  @Override
  void close();
}
