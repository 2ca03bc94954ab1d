package dev.andante.engine.runtime;

import dev.andante.compute.KvPool;
import dev.andante.engine.EngineException;
import dev.andante.engine.KvSink;
import dev.andante.engine.KvView;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.request.PrefillDelivery;
import dev.andante.engine.request.Request;

/** Reads KV out of the pool; above all that of freshly computed prompt tokens, for prefill jobs. */
record KvExporter(KvPool pool) {

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
    int blockSize = pool.layout().blockSize();
    int first = from;
    while (first < end) {
      int offset = first % blockSize;
      int count = Math.min(blockSize - offset, end - first);
      tell(sink, first, count, KvView.of(pool, blocks.block(first / blockSize), offset, count));
      first += count;
    }
  }

  private static void tell(KvSink sink, int first, int count, KvView kv) {
    try {
      sink.onKv(first, count, kv);
    } catch (RuntimeException e) {
      throw new EngineException(
          EngineException.Code.INTERNAL, "whoever takes the KV failed: " + e, e);
    }
  }
}
