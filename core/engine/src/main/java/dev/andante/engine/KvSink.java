package dev.andante.engine;

/** Takes KV that is read out of an engine, on the engine thread; must not block. */
@FunctionalInterface
public interface KvSink {

  /**
   * KV of a run of tokens within one block, all layers.
   *
   * @param firstToken position of the first token
   * @param tokens how many
   * @param kv valid only during the call
   */
  void onKv(int firstToken, int tokens, KvView kv);
}
