package dev.andante.benchmarks.engine;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** A prompt on the engine that also answers it. */
final class Alone {

  private static final StopParams ONE = new StopParams(1, 0, true, Set.of());
  private static final AtomicLong COUNT = new AtomicLong();

  private Alone() {}

  /** How long the first token takes, in nanoseconds. */
  static CompletableFuture<Long> first(Engine engine, int[] prompt) {
    CompletableFuture<Long> took = new CompletableFuture<>();
    long start = System.nanoTime();
    engine.generate(
        new GenerationRequest(
            new Attempt("alone " + COUNT.incrementAndGet(), 0),
            PromptTokens.of(prompt),
            SamplingParams.GREEDY,
            ONE,
            StopMatcher.NONE,
            false),
        new RequestListener() {
          @Override
          public void onTokens(List<GeneratedToken> tokens) {
            took.complete(System.nanoTime() - start);
          }

          @Override
          public void onFinished(FinishReason reason, GenerationStats stats) {}

          @Override
          public void onFailed(EngineException failure) {
            took.completeExceptionally(failure);
          }
        });
    return took;
  }
}
