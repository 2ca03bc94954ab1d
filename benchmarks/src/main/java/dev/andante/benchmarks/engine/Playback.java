package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.load.workload.Arrival;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Plays requests to an engine, each at its time whatever became of those before it. Prompts are
 * random tokens of a fixed seed, so no two have more of a beginning in common than they are to have
 * and all runs do the same work.
 */
final class Playback {

  private final Engine engine;
  private final int vocabulary;
  private final int[] shared;

  /** Prompts that have nothing in common. */
  Playback(Engine engine, int vocabulary) {
    this(engine, vocabulary, 0);
  }

  /**
   * @param shared tokens that all prompts begin with, or those of them that are as long
   */
  Playback(Engine engine, int vocabulary, int shared) {
    this.engine = engine;
    this.vocabulary = vocabulary;
    this.shared = new SplittableRandom(-1).ints(shared, 0, vocabulary).toArray();
  }

  /**
   * @param arrivals by time
   * @param limit how long all of it may take
   * @return in the order of {@code arrivals}
   * @throws IllegalStateException if a request failed or not all ended within the limit
   */
  List<Course> play(List<Arrival> arrivals, Duration limit) {
    long start = System.nanoTime();
    List<Watch> watches = new ArrayList<>();
    for (Arrival arrival : arrivals) {
      await(start + arrival.atNanos());
      Watch watch = new Watch(start, arrival);
      watches.add(watch);
      engine.generate(request(arrival), watch);
    }
    return watches.stream().map(watch -> watch.get(start + limit.toNanos())).toList();
  }

  private static void await(long nanoTime) {
    long left;
    while ((left = nanoTime - System.nanoTime()) > 0) {
      LockSupport.parkNanos(left);
    }
  }

  private GenerationRequest request(Arrival arrival) {
    SplittableRandom random = new SplittableRandom(arrival.index());
    int[] prompt = random.ints(arrival.demand().promptTokens(), 0, vocabulary).toArray();
    System.arraycopy(shared, 0, prompt, 0, Math.min(shared.length, prompt.length));
    return new GenerationRequest(
        new Attempt("r" + arrival.index(), 1),
        PromptTokens.of(prompt),
        SamplingParams.GREEDY,
        new StopParams(arrival.demand().outputTokens(), 0, true, Set.of()),
        StopMatcher.NONE,
        false);
  }

  /** Notes when tokens come; on the engine thread, until it completes. */
  private static final class Watch implements RequestListener {
    private final long start;
    private final Arrival arrival;
    private final long[] tokens;
    private final CompletableFuture<Course> course = new CompletableFuture<>();
    private int count;

    Watch(long start, Arrival arrival) {
      this.start = start;
      this.arrival = arrival;
      this.tokens = new long[arrival.demand().outputTokens()];
    }

    @Override
    public void onTokens(List<GeneratedToken> more) {
      long now = System.nanoTime() - start;
      for (int i = 0; i < more.size(); i++) {
        tokens[count++] = now;
      }
    }

    @Override
    public void onFinished(FinishReason reason, GenerationStats stats) {
      if (count == tokens.length) {
        course.complete(new Course(arrival.atNanos(), tokens, stats.cachedTokens()));
      } else {
        onFailed(new EngineException(EngineException.Code.INTERNAL, "ended early: " + reason));
      }
    }

    @Override
    public void onFailed(EngineException failure) {
      course.completeExceptionally(failure);
    }

    Course get(long end) {
      try {
        return course.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (ExecutionException e) {
        throw new IllegalStateException("request " + arrival.index() + " failed", e.getCause());
      } catch (TimeoutException e) {
        throw new IllegalStateException("request " + arrival.index() + " did not end", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }
}
