package dev.andante.engine.runtime;

import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.engine.EngineException;
import dev.andante.engine.KvSink;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.request.PrefillDelivery;
import dev.andante.engine.request.Request;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Reads KV out of the pool; above all that of freshly computed prompt tokens, for prefill jobs. */
final class KvExporter implements AutoCloseable {

  private final KvPool pool;
  private final KvLayout layout;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer;

  KvExporter(KvPool pool) {
    this.pool = pool;
    this.layout = pool.layout();
    this.buffer = arena.allocate(layout.bytesPerBlock(), 64);
  }

  /**
   * Exports what has been computed and was not exported before, in runs that stay within one block.
   */
  void export(Request request, PrefillDelivery delivery) {
    read(
        request.blocks(),
        delivery.exported(),
        request.computed(),
        (first, count, kv) -> {
          delivery.exported(first + count);
          delivery.listener().onKv(first, count, kv);
        });
  }

  /**
   * Reads tokens {@code [from, end)} in runs that stay within one block.
   *
   * @throws EngineException INTERNAL if the sink fails
   */
  void read(BlockTable blocks, int from, int end, KvSink sink) {
    int blockSize = layout.blockSize();
    int first = from;
    while (first < end) {
      int offset = first % blockSize;
      int count = Math.min(blockSize - offset, end - first);
      pool.read(blocks.block(first / blockSize), offset, count, 0, layout.layers(), buffer);
      tell(sink, first, count);
      first += count;
    }
  }

  private void tell(KvSink sink, int first, int count) {
    try {
      sink.onKv(first, count, buffer.asSlice(0, count * layout.bytesPerToken()).asReadOnly());
    } catch (RuntimeException e) {
      throw new EngineException(
          EngineException.Code.INTERNAL, "whoever takes the KV failed: " + e, e);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
