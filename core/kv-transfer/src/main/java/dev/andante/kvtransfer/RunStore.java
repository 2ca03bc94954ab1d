package dev.andante.kvtransfer;

import dev.andante.compute.KvLayout;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import java.lang.foreign.MemorySegment;

/**
 * Brings runs to an engine in its own elements, whatever they came as. Any thread.
 *
 * @param coding of the runs
 * @param memory that runs are decoded into
 */
record RunStore(Engine engine, KvCoding coding, Payloads memory) {

  /**
   * @param run one that {@link RunCheck} finds nothing wrong with
   * @throws EngineException why it was not stored
   */
  void put(String handle, KvRun run) {
    MemorySegment payload = MemorySegment.ofBuffer(run.payload());
    switch (coding) {
      case AS_IS -> put(handle, run, payload);
      case Q8 -> putDecoded(handle, run, payload);
    }
  }

  private void putDecoded(String handle, KvRun run, MemorySegment coded) {
    KvLayout layout = engine.kvLayout();
    int bytes = Math.toIntExact(KvCoding.AS_IS.bytes(layout, run.tokenLayers()));
    Payloads.Payload decoded = memory.take(bytes);
    try {
      MemorySegment elements = MemorySegment.ofBuffer(decoded.bytes(bytes));
      new EightBitRows(layout).read(run.tokenLayers(), coded, elements);
      put(handle, run, elements);
    } finally {
      decoded.release();
    }
  }

  private void put(String handle, KvRun run, MemorySegment elements) {
    engine.storeKv(
        handle, run.firstToken(), run.tokens(), run.firstLayer(), run.layers(), elements);
  }
}
