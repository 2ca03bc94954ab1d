package dev.andante.engine.fake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.reference.ReferenceBackend;
import dev.andante.engine.Attempt;
import dev.andante.engine.DraftSource;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.runtime.Engines;
import dev.andante.engine.scheduler.PolicySource;
import dev.andante.model.LanguageModel;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** An engine over the reference backend, by default with the {@link FakeModel}. */
public final class EngineFixture implements AutoCloseable {

  public static final EngineConfig DEFAULTS =
      EngineConfig.builder(4, 64)
          .kvDtype(DType.F32)
          .maxBatchTokens(16)
          .maxSequences(8)
          .maxWaiting(64)
          .maxDraftTokens(4)
          .draftWait(Duration.ofMillis(20))
          .build();

  /** For one request after the other, with room for any; nothing is shared or guessed. */
  public static final EngineConfig ROOMY =
      DEFAULTS.toBuilder()
          .blockSize(16)
          .blocks(16)
          .maxBatchTokens(256)
          .maxSequences(1)
          .maxWaiting(1)
          .maxDraftTokens(0)
          .prefixCache(false)
          .build();

  public static final StopParams TEN = stop(10);

  public final FakeClock clock = new FakeClock();
  public final LanguageModel model;
  public final Engine engine;
  private final ComputePool pool;
  private final Backend backend;

  public EngineFixture() {
    this(DEFAULTS, DraftSource.NONE);
  }

  public EngineFixture(EngineConfig config, DraftSource drafts) {
    this(config, drafts, FakeModel::new, EngineObserver.NONE, Set.of());
  }

  /** With something around the backend. */
  public EngineFixture(UnaryOperator<Backend> wrap) {
    this(
        DEFAULTS,
        DraftSource.NONE,
        FakeModel::new,
        EngineObserver.NONE,
        Set.of(),
        wrap,
        PolicySource.CONFIGURED);
  }

  /** With a scheduling policy of its own. */
  public EngineFixture(EngineConfig config, PolicySource policies) {
    this(
        config,
        DraftSource.NONE,
        FakeModel::new,
        EngineObserver.NONE,
        Set.of(),
        UnaryOperator.identity(),
        policies);
  }

  public EngineFixture(
      EngineConfig config,
      DraftSource drafts,
      Function<Backend, LanguageModel> loader,
      EngineObserver observer,
      Set<Integer> endTokenIds) {
    this(
        config,
        drafts,
        loader,
        observer,
        endTokenIds,
        UnaryOperator.identity(),
        PolicySource.CONFIGURED);
  }

  private EngineFixture(
      EngineConfig config,
      DraftSource drafts,
      Function<Backend, LanguageModel> loader,
      EngineObserver observer,
      Set<Integer> endTokenIds,
      UnaryOperator<Backend> wrap,
      PolicySource policies) {
    pool = new ComputePool(1);
    backend = wrap.apply(new ReferenceBackend(pool));
    model = loader.apply(backend);
    engine =
        Engines.start(
            config, model, backend, observer, drafts, endTokenIds, clock, Thread::new, policies);
  }

  public FakeModel fake() {
    return (FakeModel) model;
  }

  public Recorder generate(String id, int[] prompt, int maxTokens) {
    return generate(id, PromptTokens.of(prompt), SamplingParams.GREEDY, stop(maxTokens), false);
  }

  public Recorder generate(
      String id, PromptTokens prompt, SamplingParams sampling, StopParams stop, boolean speculate) {
    return generate(request(new Attempt(id, 1), prompt, sampling, stop, speculate), new Recorder());
  }

  public Recorder generate(GenerationRequest request, Recorder recorder) {
    engine.generate(request, recorder);
    return recorder;
  }

  public static GenerationRequest request(
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      StopParams stop,
      boolean speculate) {
    return new GenerationRequest(attempt, prompt, sampling, stop, StopMatcher.NONE, speculate);
  }

  public static StopParams stop(int maxTokens) {
    return new StopParams(maxTokens, 0, false, Set.of());
  }

  /** Temperature 1 with a little of everything. */
  public static SamplingParams seeded(long seed) {
    return new SamplingParams(
        0.9f, 20, 0.95f, 0.01f, 0.2f, 0.1f, 1.1f, seed, Map.of(3, 0.5f), false, 0);
  }

  /** Some prompt of this length, the same for the same seed. */
  public static int[] prompt(int length, int seed, int vocabulary) {
    int[] tokens = new int[length];
    int state = seed * 31 + 7;
    for (int i = 0; i < length; i++) {
      state = state * 1103515245 + 12345;
      tokens[i] = (state >>> 16) % vocabulary;
    }
    return tokens;
  }

  public static int[] prompt(int length, int seed) {
    return prompt(length, seed, FakeModel.VOCABULARY);
  }

  /** The value of a future that must come within a minute; its exception if it is one of ours. */
  public static <T> T get(CompletableFuture<T> future) {
    try {
      return future.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof EngineException ours) {
        throw ours;
      }
      throw new AssertionError(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  public void checkIntegrity() {
    get(engine.checkIntegrity());
  }

  /** Nothing is held by anybody: all blocks are free, those included that the cache keeps. */
  public void assertIdle() {
    checkIntegrity();
    // The status is published at the end of a loop; a second question sees the first one's loop.
    checkIntegrity();
    assertThat(engine.status().freeBlocks()).isEqualTo(engine.status().totalBlocks());
    assertThat(engine.status().running() + engine.status().waiting()).isZero();
    assertThat(engine.failure()).isEmpty();
  }

  @Override
  public void close() {
    engine.close();
    model.close();
    backend.close();
    pool.close();
  }
}
