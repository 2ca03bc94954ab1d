package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.engine.runtime.Engines;
import dev.andante.engine.speculative.PromptLookupDrafts;
import dev.andante.format.WeightFiles;
import dev.andante.model.LanguageModel;
import dev.andante.model.loading.Models;
import dev.andante.testkit.TestModels;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The default model: one engine alone, speculating, and prefill apart from decode agree. */
class RealModelTest {

  private static final int ANSWER = 8;

  private static final EngineConfig CONFIG =
      EngineConfig.builder(16, 32)
          .maxBatchTokens(32)
          .maxSequences(4)
          .maxWaiting(8)
          .maxDraftTokens(4)
          .draftWait(Duration.ofMillis(20))
          .build();

  private static List<Integer> generate(
      Engine engine, String id, PromptTokens prompt, SamplingParams sampling, boolean speculate) {
    Recorder answer = new Recorder();
    engine.generate(
        EngineFixture.request(new Attempt(id, 1), prompt, sampling, stop(ANSWER), speculate),
        answer);
    answer.await();
    assertThat(answer.failure()).isNull();
    return answer.ids();
  }

  private static List<Integer> disaggregated(
      Engine prefill, Engine decode, PromptTokens prompt, SamplingParams sampling) {
    Attempt attempt = new Attempt("pd", 1);
    KvReservation reservation = get(decode.reserve(attempt, prompt));
    PrefillRecorder job = new PrefillRecorder();
    prefill.prefill(new PrefillJob(attempt, prompt, sampling, stop(ANSWER)), job);
    int first = job.await().token().id();
    int layers = decode.kvLayout().layers();
    for (PrefillRecorder.Run run : job.runs) {
      decode.storeKv(reservation.handle(), run.firstToken(), run.tokens(), 0, layers, run.kv());
    }
    get(decode.commit(reservation.handle()));
    Recorder rest = new Recorder();
    decode.decode(
        new TransferredRequest(
            attempt, reservation.handle(), first, sampling, stop(ANSWER), StopMatcher.NONE, true),
        rest);
    List<Integer> answer = new ArrayList<>(List.of(first));
    answer.addAll(rest.await().ids());
    return answer;
  }

  /** A pool that holds one prompt at a time, with memory below it. */
  @Test
  void whatThePoolGaveUpComesBackAsItWas() {
    Path file = TestModels.requireRealModel();
    AtomicInteger loaded = new AtomicInteger();
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public KvTierObserver kvTiers() {
            return new KvTierObserver() {
              @Override
              public void onLoaded(KvTier tier, int blocks, long bytes, long nanos) {
                loaded.addAndGet(blocks);
              }
            };
          }
        };
    EngineConfig small =
        EngineConfig.builder(16, 5)
            .maxBatchTokens(32)
            .maxSequences(4)
            .maxWaiting(8)
            .build()
            .with(TierLimits.host(64 << 20));
    try (ComputePool pool = new ComputePool(2);
        Backend backend = Backends.open(Backends.AUTO, pool);
        LanguageModel model = Models.load(WeightFiles.open(file), backend);
        Engine engine =
            Engines.start(small, model, backend, observer, DraftSource.NONE, Set.of())) {
      List<List<Integer>> first = new ArrayList<>();
      for (int round = 0; round < 2; round++) {
        for (int seed = 0; seed < 3; seed++) {
          PromptTokens prompt = PromptTokens.of(prompt(60, seed, 1000));
          SamplingParams sampling = seed == 2 ? seeded(4) : SamplingParams.GREEDY;
          List<Integer> answer = generate(engine, round + "/" + seed, prompt, sampling, false);
          if (round == 0) {
            first.add(answer);
          } else {
            assertThat(answer).isEqualTo(first.get(seed));
          }
        }
      }
      get(engine.checkIntegrity());
    }
    assertThat(loaded).hasValueGreaterThanOrEqualTo(3);
  }

  @Test
  void allWaysLeadToTheSameTokens() {
    Path file = TestModels.requireRealModel();
    try (ComputePool pool = new ComputePool(2);
        Backend backend = Backends.open(Backends.AUTO, pool);
        LanguageModel model = Models.load(WeightFiles.open(file), backend);
        Engine one =
            Engines.start(
                CONFIG,
                model,
                backend,
                EngineObserver.NONE,
                new PromptLookupDrafts(),
                Set.of(model.config().vocabularySize() - 1));
        Engine two =
            Engines.start(
                CONFIG,
                model,
                backend,
                EngineObserver.NONE,
                new PromptLookupDrafts(),
                Set.of(model.config().vocabularySize() - 1))) {
      PromptTokens prompt = PromptTokens.of(prompt(40, 3, 1000));
      for (SamplingParams sampling : List.of(SamplingParams.GREEDY, seeded(4))) {
        List<Integer> plain = generate(one, "plain", prompt, sampling, false);
        assertThat(plain).hasSize(ANSWER);
        assertThat(generate(one, "speculating", prompt, sampling, true)).isEqualTo(plain);
        assertThat(disaggregated(one, two, prompt, sampling)).isEqualTo(plain);
      }
      get(one.checkIntegrity());
      get(two.checkIntegrity());
    }
  }
}
