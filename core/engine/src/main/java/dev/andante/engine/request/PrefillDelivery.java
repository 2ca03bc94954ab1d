package dev.andante.engine.request;

import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.PrefillListener;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A prefill job: its one token and its end are told together. */
public final class PrefillDelivery implements Delivery {

  private final PrefillListener listener;
  private @Nullable GeneratedToken first;
  private int exported;

  /**
   * @param kvFrom leading tokens whose KV the listener does not want
   */
  public PrefillDelivery(PrefillListener listener, int kvFrom) {
    this.listener = listener;
    this.exported = kvFrom;
  }

  public PrefillListener listener() {
    return listener;
  }

  /** Leading tokens whose KV the listener has seen, or does not want. */
  public int exported() {
    return exported;
  }

  public void exported(int tokens) {
    exported = tokens;
  }

  @Override
  public void tokens(List<GeneratedToken> tokens) {
    first = tokens.getFirst();
  }

  @Override
  public void finished(@Nullable FinishReason reason, GenerationStats stats) {
    if (reason == FinishReason.ABORTED) {
      failed(new EngineException(EngineException.Code.INTERNAL, "the prefill was aborted"));
    } else {
      listener.onFirstToken(Objects.requireNonNull(first), reason, stats);
    }
  }

  @Override
  public void failed(EngineException failure) {
    listener.onFailed(failure);
  }
}
