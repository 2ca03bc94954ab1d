package dev.andante.engine.runtime;

import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.engine.EngineException;
import dev.andante.engine.request.PrefillDelivery;
import dev.andante.engine.request.Request;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Hands the KV of freshly computed prompt tokens to the listener of a prefill job. */
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
    int blockSize = layout.blockSize();
    int end = request.computed();
    while (delivery.exported() < end) {
      int first = delivery.exported();
      int offset = first % blockSize;
      int count = Math.min(blockSize - offset, end - first);
      pool.read(
          request.blocks().block(first / blockSize), offset, count, 0, layout.layers(), buffer);
      delivery.exported(first + count);
      tell(delivery, first, count);
    }
  }

  private void tell(PrefillDelivery delivery, int first, int count) {
    try {
      delivery
          .listener()
          .onKv(first, count, buffer.asSlice(0, count * layout.bytesPerToken()).asReadOnly());
    } catch (RuntimeException e) {
      throw new EngineException(
          EngineException.Code.INTERNAL, "the prefill's listener failed: " + e, e);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
