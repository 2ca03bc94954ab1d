package dev.andante.engine.transfer;

import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.engine.kvcache.BlockTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes a run of tokens in wire order into the blocks it falls into. */
final class KvWriter {

  private final KvPool pool;
  private final KvLayout layout;

  KvWriter(KvPool pool) {
    this.pool = pool;
    this.layout = pool.layout();
  }

  /**
   * @param from tokens before that one are left out
   */
  void write(
      BlockTable blocks,
      int from,
      int firstToken,
      int tokens,
      int firstLayer,
      int layers,
      MemorySegment kv) {
    int offset = firstToken % layout.blockSize();
    if (firstToken >= from && offset + tokens <= layout.blockSize()) {
      int block = blocks.block(firstToken / layout.blockSize());
      pool.write(block, offset, tokens, firstLayer, layers, kv);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment part =
          arena.allocate(layers * layout.bytesPerTokenLayer() * layout.blockSize());
      int done = Math.max(0, from - firstToken);
      while (done < tokens) {
        int at = firstToken + done;
        int inBlock = at % layout.blockSize();
        int count = Math.min(layout.blockSize() - inBlock, tokens - done);
        gather(kv, tokens, done, count, layers, part);
        pool.write(blocks.block(at / layout.blockSize()), inBlock, count, firstLayer, layers, part);
        done += count;
      }
    }
  }

  /** Tokens {@code [from, from + count)} of a run, again in wire order. */
  private void gather(
      MemorySegment run, int tokens, int from, int count, int layers, MemorySegment target) {
    long tokenBytes = (long) layout.headDim() * layout.dtype().blockBytes();
    int heads = layers * 2 * layout.kvHeads();
    for (int head = 0; head < heads; head++) {
      MemorySegment.copy(
          run,
          ((long) head * tokens + from) * tokenBytes,
          target,
          (long) head * count * tokenBytes,
          count * tokenBytes);
    }
  }
}
