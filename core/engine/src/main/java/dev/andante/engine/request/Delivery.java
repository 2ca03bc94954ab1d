package dev.andante.engine.request;

import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where the results of a request go. */
public sealed interface Delivery permits GenerationDelivery, PrefillDelivery {

  void tokens(List<GeneratedToken> tokens);

  /**
   * @param reason null if a prefill job is done and its answer goes on elsewhere
   */
  void finished(@Nullable FinishReason reason, GenerationStats stats);

  void failed(EngineException failure);
}
