package dev.andante.kvtransfer;

import dev.andante.compute.KvLayout;
import dev.andante.engine.Engine;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;

/**
 * Brings runs to an engine in its own elements, whatever they came as. Any thread.
 *
 * @param coding of the runs
 * @param memory that runs are decoded into
 */
record RunStore(Engine engine, KvCoding coding, Payloads memory) {

  /**
   * @param run one that {@link RunCheck} finds nothing wrong with
   * @return completes when the engine needs the run no longer
   */
  CompletableFuture<Void> put(String handle, KvRun run) {
    MemorySegment payload = MemorySegment.ofBuffer(run.payload());
    return switch (coding) {
      case AS_IS -> put(handle, run, payload);
      case Q8 -> putDecoded(handle, run, payload);
    };
  }

  private CompletableFuture<Void> putDecoded(String handle, KvRun run, MemorySegment coded) {
    KvLayout layout = engine.kvLayout();
    int bytes = Math.toIntExact(KvCoding.AS_IS.bytes(layout, run.tokenLayers()));
    Payloads.Payload decoded = memory.take(bytes);
    MemorySegment elements = MemorySegment.ofBuffer(decoded.bytes(bytes));
    new EightBitRows(layout).read(run.tokenLayers(), coded, elements);
    return put(handle, run, elements)
        .whenComplete(
            (_, error) -> {
              if (error == null) { // else the engine may not have let go of it
                decoded.release();
              }
            });
  }

  private CompletableFuture<Void> put(String handle, KvRun run, MemorySegment elements) {
    return engine.storeKv(
        handle, run.firstToken(), run.tokens(), run.firstLayer(), run.layers(), elements);
  }
}
