package dev.andante.engine.fake;

import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.RequestListener;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Has something done on the engine thread when a request has gained tokens: what it posts to the
 * engine is done before the next step.
 *
 * @param tokens told how many there are by now
 */
public record ListeningTo(Recorder recorder, IntConsumer tokens) implements RequestListener {

  @Override
  public void onTokens(List<GeneratedToken> more) {
    recorder.onTokens(more);
    tokens.accept(recorder.ids().size());
  }

  @Override
  public void onFinished(FinishReason reason, GenerationStats stats) {
    recorder.onFinished(reason, stats);
  }

  @Override
  public void onFailed(EngineException failure) {
    recorder.onFailed(failure);
  }
}
