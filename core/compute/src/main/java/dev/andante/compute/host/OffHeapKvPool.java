package dev.andante.compute.host;

import dev.andante.compute.BackendException;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;

/** A KV pool in one off-heap allocation, {@code [layer][block]} and then as the subclass has it. */
public abstract class OffHeapKvPool implements KvPool {

  /** {@code side} of keys. */
  public static final int KEYS = 0;

  /** {@code side} of values. */
  public static final int VALUES = 1;

  private final KvLayout layout;
  private final int blocks;
  private final long layerBytes;
  private final Arena arena;
  private final MemorySegment memory;

  /**
   * @param layerBytes bytes of one layer of a block
   * @throws BackendException if the memory cannot be had
   */
  protected OffHeapKvPool(KvLayout layout, int blocks, long layerBytes) {
    if (blocks < 1) {
      throw new IllegalArgumentException("a KV pool needs at least 1 block, not " + blocks);
    }
    this.layout = layout;
    this.blocks = blocks;
    this.layerBytes = layerBytes;
    this.arena = Arena.ofShared();
    this.memory = allocate();
  }

  private MemorySegment allocate() {
    try {
      MemorySegment all =
          HugePages.allocate(
              arena,
              Math.multiplyExact(Math.multiplyExact(layerBytes, layout.layers()), (long) blocks));
      HugePages.touch(all); // takes its room now: what is not there must not be missed later
      return all;
    } catch (OutOfMemoryError | ArithmeticException e) {
      arena.close();
      throw new BackendException(
          "no memory for a KV cache of "
              + blocks
              + " blocks of "
              + layout.bytesPerBlock()
              + " bytes; configure fewer blocks",
          e);
    }
  }

  /** Copies one layer of a run of tokens of a block to {@code target[at …]}, in wire order. */
  protected abstract void readLayer(
      int layer, int block, int firstToken, int tokens, MemorySegment target, long at);

  /** The inverse of {@link #readLayer}. */
  protected abstract void writeLayer(
      int layer, int block, int firstToken, int tokens, MemorySegment source, long at);

  @Override
  public final KvLayout layout() {
    return layout;
  }

  @Override
  public final int blocks() {
    return blocks;
  }

  /** The memory behind the pool. */
  public final MemorySegment memory() {
    return memory;
  }

  /** More memory that lives as long as the pool, for what describes it to kernels. */
  protected final MemorySegment allocate(MemoryLayout description) {
    return arena.allocate(description);
  }

  /** Byte offset of one layer of a block. */
  public final long offset(int layer, int block) {
    return ((long) layer * blocks + block) * layerBytes;
  }

  @Override
  public final void read(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment target) {
    check(block, firstToken, tokens, firstLayer, layers, target);
    long bytes = tokens * layout.bytesPerTokenLayer();
    for (int i = 0; i < layers; i++) {
      readLayer(firstLayer + i, block, firstToken, tokens, target, i * bytes);
    }
  }

  @Override
  public final void write(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment source) {
    check(block, firstToken, tokens, firstLayer, layers, source);
    long bytes = tokens * layout.bytesPerTokenLayer();
    for (int i = 0; i < layers; i++) {
      writeLayer(firstLayer + i, block, firstToken, tokens, source, i * bytes);
    }
  }

  @Override
  public final void copy(int from, int to) {
    checkBlock(from);
    checkBlock(to);
    for (int layer = 0; layer < layout.layers(); layer++) {
      MemorySegment.copy(memory, offset(layer, from), memory, offset(layer, to), layerBytes);
    }
  }

  private void check(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment host) {
    checkBlock(block);
    checkRange("tokens", firstToken, tokens, layout.blockSize());
    checkRange("layers", firstLayer, layers, layout.layers());
    long needed = (long) tokens * layers * layout.bytesPerTokenLayer();
    if (host.byteSize() < needed) {
      throw new IllegalArgumentException(
          tokens
              + " tokens of "
              + layers
              + " layers take "
              + needed
              + " bytes, not "
              + host.byteSize());
    }
  }

  private void checkBlock(int block) {
    if (block < 0 || block >= blocks) {
      throw new IllegalArgumentException("block " + block + " of " + blocks);
    }
  }

  private static void checkRange(String what, int first, int count, int limit) {
    if (first < 0 || count < 0 || first + (long) count > limit) {
      throw new IllegalArgumentException(
          what + " [" + first + ", " + (first + (long) count) + ") of " + limit);
    }
  }

  @Override
  public final void close() {
    Arenas.close(arena);
  }
}
