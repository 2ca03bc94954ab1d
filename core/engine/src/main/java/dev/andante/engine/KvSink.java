package dev.andante.engine;

import java.lang.foreign.MemorySegment;

/** Takes KV that is read out of an engine, on the engine thread; must not block. */
@FunctionalInterface
public interface KvSink {

  /**
   * KV of a run of tokens within one block, all layers.
   *
   * @param firstToken position of the first token
   * @param tokens how many
   * @param kv in wire order ({@link dev.andante.compute.KvLayout}); valid only during the call
   */
  void onKv(int firstToken, int tokens, MemorySegment kv);
}
