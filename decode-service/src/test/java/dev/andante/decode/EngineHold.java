package dev.andante.decode;

import dev.andante.engine.Attempt;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Makes an engine stand still, so that a test decides what happens meanwhile. */
final class EngineHold {

  private EngineHold() {}

  /**
   * A request that makes each step of the engine take some milliseconds more, for as long as its
   * 400 tokens last, so that others are still being answered when something happens to them.
   */
  static void slow(Worker worker, String id) {
    submit(worker, id, SamplingParams.GREEDY, () -> Thread.sleep(5));
  }

  /**
   * A request whose listener keeps the engine thread until the gate opens.
   *
   * @param sampling null makes it a defect that ends the engine: no adapter would let it through
   */
  static void submit(
      Worker worker, String id, @Nullable SamplingParams sampling, CountDownLatch gate) {
    submit(
        worker,
        id,
        sampling,
        () -> {
          boolean _ = gate.await(20, TimeUnit.SECONDS);
        });
  }

  private interface Wait {
    void await() throws InterruptedException;
  }

  private static void submit(
      Worker worker, String id, @Nullable SamplingParams sampling, Wait eachToken) {
    worker
        .engine()
        .generate(
            new GenerationRequest(
                new Attempt(id, 0),
                PromptTokens.of(1),
                sampling,
                new StopParams(400, 0, true, Set.of()),
                StopMatcher.NONE,
                false),
            new RequestListener() {
              @Override
              public void onTokens(List<GeneratedToken> tokens) {
                try {
                  eachToken.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }

              @Override
              public void onFinished(FinishReason reason, GenerationStats stats) {}

              @Override
              public void onFailed(EngineException failure) {}
            });
  }
}
