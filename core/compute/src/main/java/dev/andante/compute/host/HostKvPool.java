package dev.andante.compute.host;

import dev.andante.compute.BFloat16;
import dev.andante.compute.BackendException;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * KV blocks in one off-heap allocation, {@code [layer][block][k|v][kvHead][token][headDim]}, little
 * endian. Because tokens of one head are neighbours, a run of tokens is one copy per head.
 */
public final class HostKvPool implements KvPool {

  /** {@code side} of keys. */
  public static final int KEYS = 0;

  /** {@code side} of values. */
  public static final int VALUES = 1;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final KvLayout layout;
  private final int blocks;
  private final Arena arena;
  private final MemorySegment memory;
  private final long tokenBytes;

  /**
   * @throws BackendException if the memory cannot be had
   */
  public HostKvPool(KvLayout layout, int blocks) {
    if (blocks < 1) {
      throw new IllegalArgumentException("a KV pool needs at least 1 block, not " + blocks);
    }
    this.layout = layout;
    this.blocks = blocks;
    this.tokenBytes = (long) layout.headDim() * layout.dtype().blockBytes();
    this.arena = Arena.ofShared();
    this.memory = allocate();
  }

  private MemorySegment allocate() {
    try {
      return arena.allocate(Math.multiplyExact(layout.bytesPerBlock(), blocks), 64);
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

  static HostKvPool of(KvPool pool) {
    if (pool instanceof HostKvPool host) {
      return host;
    }
    throw new IllegalArgumentException(
        "KV pool of another backend: " + pool.getClass().getSimpleName());
  }

  @Override
  public KvLayout layout() {
    return layout;
  }

  @Override
  public int blocks() {
    return blocks;
  }

  /** The memory behind the pool; {@link #offset} says what is where. */
  public MemorySegment memory() {
    return memory;
  }

  /** Byte offset of one token's vector of one head; the head's later tokens of the block follow. */
  public long offset(int layer, int block, int side, int head, int token) {
    long run = (((long) layer * blocks + block) * 2 + side) * layout.kvHeads() + head;
    return (run * layout.blockSize() + token) * tokenBytes;
  }

  /** Stores {@code source[at … at + headDim)} at {@link #offset}, rounded to the pool's dtype. */
  public void store(long offset, float[] source, int at) {
    if (layout.dtype() == DType.F32) {
      MemorySegment.copy(source, at, memory, FLOAT, offset, layout.headDim());
    } else {
      for (int i = 0; i < layout.headDim(); i++) {
        memory.set(SHORT, offset + 2L * i, BFloat16.fromFloat(source[at + i]));
      }
    }
  }

  /** Loads the vector at {@link #offset} to {@code target[at … at + headDim)}. */
  public void load(long offset, float[] target, int at) {
    if (layout.dtype() == DType.F32) {
      MemorySegment.copy(memory, FLOAT, offset, target, at, layout.headDim());
    } else {
      for (int i = 0; i < layout.headDim(); i++) {
        target[at + i] = BFloat16.toFloat(memory.get(SHORT, offset + 2L * i));
      }
    }
  }

  @Override
  public void read(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment target) {
    check(block, firstToken, tokens, firstLayer, layers, target);
    long bytes = tokens * tokenBytes;
    long at = 0;
    for (int layer = firstLayer; layer < firstLayer + layers; layer++) {
      for (int side = KEYS; side <= VALUES; side++) {
        for (int head = 0; head < layout.kvHeads(); head++) {
          long from = offset(layer, block, side, head, firstToken);
          MemorySegment.copy(memory, from, target, at, bytes);
          at += bytes;
        }
      }
    }
  }

  @Override
  public void write(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment source) {
    check(block, firstToken, tokens, firstLayer, layers, source);
    long bytes = tokens * tokenBytes;
    long at = 0;
    for (int layer = firstLayer; layer < firstLayer + layers; layer++) {
      for (int side = KEYS; side <= VALUES; side++) {
        for (int head = 0; head < layout.kvHeads(); head++) {
          long to = offset(layer, block, side, head, firstToken);
          MemorySegment.copy(source, at, memory, to, bytes);
          at += bytes;
        }
      }
    }
  }

  @Override
  public void copy(int from, int to) {
    checkBlock(from);
    checkBlock(to);
    long bytes = layout.bytesPerBlock() / layout.layers();
    for (int layer = 0; layer < layout.layers(); layer++) {
      MemorySegment.copy(
          memory, offset(layer, from, KEYS, 0, 0), memory, offset(layer, to, KEYS, 0, 0), bytes);
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
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
