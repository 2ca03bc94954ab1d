package dev.andante.engine;

import java.util.List;

/**
 * Hears of one request, on the engine thread; must not block. After {@link #onFinished} or {@link
 * #onFailed}, exactly one of which comes, nothing follows.
 */
public interface RequestListener {

  /** Does nothing. */
  RequestListener NONE =
      new RequestListener() {
        @Override
        public void onTokens(List<GeneratedToken> tokens) {}

        @Override
        public void onFinished(FinishReason reason, GenerationStats stats) {}

        @Override
        public void onFailed(EngineException failure) {}
      };

  /** New tokens in order, at least one; the end or stop token that ends the answer included. */
  void onTokens(List<GeneratedToken> tokens);

  void onFinished(FinishReason reason, GenerationStats stats);

  void onFailed(EngineException failure);
}
