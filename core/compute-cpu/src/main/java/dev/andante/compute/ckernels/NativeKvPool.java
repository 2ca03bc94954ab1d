package dev.andante.compute.ckernels;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.host.OffHeapKvPool;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * KV blocks in the order in which the kernels read them: {@code struct kv} of kernels.h, of which
 * there is one for each layer.
 */
final class NativeKvPool extends OffHeapKvPool {

  private static final MemoryLayout STRUCT =
      MemoryLayout.structLayout(
          ValueLayout.ADDRESS,
          MemoryLayout.sequenceLayout(3, ValueLayout.JAVA_LONG),
          MemoryLayout.sequenceLayout(3, ValueLayout.JAVA_INT),
          MemoryLayout.paddingLayout(4));

  /** Tokens that share a vector. */
  private static final int GROUP = 16;

  private final int isa;
  private final MemorySegment[] layers;

  NativeKvPool(KvLayout layout, int blocks, InstructionSet set) {
    super(layout, blocks, 2L * layout.kvHeads() * headBytes(layout));
    this.isa = set.code();
    this.layers = new MemorySegment[layout.layers()];
    for (int layer = 0; layer < layers.length; layer++) {
      layers[layer] = describe(allocate(STRUCT), layer);
    }
  }

  /** Bytes of the keys, or the values, of a head in a block: whole groups of tokens, even heads. */
  private static long headBytes(KvLayout layout) {
    long tokens = (layout.blockSize() + GROUP - 1L) / GROUP * GROUP;
    return tokens * ((layout.headDim() + 1L) / 2 * 2) * layout.dtype().blockBytes();
  }

  private MemorySegment describe(MemorySegment struct, int layer) {
    long head = headBytes(layout());
    long side = head * layout().kvHeads();
    struct.set(ValueLayout.ADDRESS, 0, memory().asSlice(offset(layer, 0)));
    struct.set(ValueLayout.JAVA_LONG, 8, 2 * side);
    struct.set(ValueLayout.JAVA_LONG, 16, side);
    struct.set(ValueLayout.JAVA_LONG, 24, head);
    struct.set(ValueLayout.JAVA_INT, 32, layout().blockSize());
    struct.set(ValueLayout.JAVA_INT, 36, layout().headDim());
    struct.set(ValueLayout.JAVA_INT, 40, layout().dtype() == DType.F32 ? 1 : 0);
    return struct;
  }

  /**
   * The {@code struct kv} of a layer. Its memory is that of the pool: a call that is given it keeps
   * the pool from being freed, and fails after that.
   */
  MemorySegment layer(int layer) {
    return layers[layer];
  }

  @Override
  protected void readLayer(
      int layer, int block, int firstToken, int tokens, MemorySegment target, long at) {
    copy(layer, block, firstToken, tokens, target.asSlice(at), 1);
  }

  @Override
  protected void writeLayer(
      int layer, int block, int firstToken, int tokens, MemorySegment source, long at) {
    copy(layer, block, firstToken, tokens, source.asSlice(at), 0);
  }

  private void copy(
      int layer, int block, int firstToken, int tokens, MemorySegment wire, int toWire) {
    Kernels.copyKv(isa, layer(layer), layout().kvHeads(), block, firstToken, tokens, wire, toWire);
  }
}
