package dev.andante.engine.fake;

import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.KvView;
import dev.andante.engine.PrefillListener;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Keeps copies of the KV runs of a prefill job. */
public final class PrefillRecorder implements PrefillListener {

  /** One run with KV that stays valid. */
  public record Run(int firstToken, int tokens, MemorySegment kv) {}

  /** The end of a job. */
  public record Done(GeneratedToken token, @Nullable FinishReason finished) {}

  public final List<Run> runs = new ArrayList<>();
  public final CompletableFuture<Done> done = new CompletableFuture<>();

  @Override
  public void onKv(int firstToken, int tokens, KvView kv) {
    MemorySegment copy = Arena.ofAuto().allocate(kv.bytes());
    kv.copyTo(0, kv.layers(), copy);
    runs.add(new Run(firstToken, tokens, copy));
  }

  @Override
  public void onFirstToken(
      GeneratedToken token, @Nullable FinishReason finished, GenerationStats stats) {
    done.complete(new Done(token, finished));
  }

  @Override
  public void onFailed(EngineException failure) {
    done.completeExceptionally(failure);
  }

  public Done await() {
    try {
      return done.get(60, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      throw (RuntimeException) e.getCause();
    } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
      throw new AssertionError(e);
    }
  }
}
