package dev.andante.engine.fake;

import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.RequestListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Records what a request's listener hears and insists on the listener's contract. */
public final class Recorder implements RequestListener {

  private final List<GeneratedToken> tokens = new ArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private final CountDownLatch some;
  private volatile int needed;
  private @Nullable FinishReason reason;
  private @Nullable GenerationStats stats;
  private @Nullable EngineException failure;
  private @Nullable AssertionError broken;

  public Recorder() {
    this(1);
  }

  /**
   * @param needed tokens after which {@link #awaitTokens} returns
   */
  public Recorder(int needed) {
    this.needed = needed;
    this.some = new CountDownLatch(1);
  }

  @Override
  public synchronized void onTokens(List<GeneratedToken> more) {
    check(!more.isEmpty());
    tokens.addAll(more);
    if (tokens.size() >= needed) {
      some.countDown();
    }
  }

  @Override
  public synchronized void onFinished(FinishReason why, GenerationStats what) {
    check(true);
    reason = why;
    stats = what;
    over.countDown();
    some.countDown();
  }

  @Override
  public synchronized void onFailed(EngineException why) {
    check(true);
    failure = why;
    over.countDown();
    some.countDown();
  }

  private void check(boolean condition) {
    if (!condition || over.getCount() == 0) {
      broken = new AssertionError("the listener's contract is broken");
    }
  }

  public Recorder await() {
    awaitLatch(over);
    return this;
  }

  public Recorder awaitTokens() {
    awaitLatch(some);
    return this;
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new AssertionError("nothing within 60 s");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  public boolean isOver() {
    return over.getCount() == 0;
  }

  public synchronized List<Integer> ids() {
    if (broken != null) {
      throw broken;
    }
    return tokens.stream().map(GeneratedToken::id).toList();
  }

  public synchronized List<GeneratedToken> tokens() {
    return List.copyOf(tokens);
  }

  public synchronized @Nullable FinishReason reason() {
    return reason;
  }

  public synchronized GenerationStats stats() {
    if (stats == null) {
      throw new AssertionError("not finished: " + failure);
    }
    return stats;
  }

  public synchronized EngineException.@Nullable Code code() {
    return failure == null ? null : failure.code();
  }

  public synchronized @Nullable EngineException failure() {
    return failure;
  }
}
