package dev.andante.engine;

/**
 * Hears of a {@link PrefillJob} on the engine thread; must not block. Exactly one of {@link
 * #onFirstToken} and {@link #onFailed} ends it; a job that is aborted ends in onFailed(INTERNAL).
 */
public interface PrefillListener {

  /**
   * KV of a computed run of tokens, all layers. Runs come in order, cover the prompt from {@link
   * PrefillJob#kvFrom} on without holes and stay within one block each.
   *
   * @param firstToken position of the first token
   * @param tokens how many
   * @param kv valid only during the call
   */
  void onKv(int firstToken, int tokens, KvView kv);

  /**
   * The prompt is done.
   *
   * @param finished why the answer already ends with this token, or null
   */
  void onFirstToken(
      GeneratedToken token,
      @org.jspecify.annotations.Nullable FinishReason finished,
      GenerationStats stats);

  void onFailed(EngineException failure);
}
