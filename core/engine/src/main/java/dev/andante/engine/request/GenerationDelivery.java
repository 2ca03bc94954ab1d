package dev.andante.engine.request;

import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.RequestListener;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A request that is answered here. */
public record GenerationDelivery(RequestListener listener) implements Delivery {

  @Override
  public void tokens(List<GeneratedToken> tokens) {
    listener.onTokens(tokens);
  }

  @Override
  public void finished(@Nullable FinishReason reason, GenerationStats stats) {
    listener.onFinished(Objects.requireNonNull(reason), stats);
  }

  @Override
  public void failed(EngineException failure) {
    listener.onFailed(failure);
  }
}
