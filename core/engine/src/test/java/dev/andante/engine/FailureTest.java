package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.BackendException;
import dev.andante.compute.KvLayout;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.BreakableBackend;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.runtime.BackendLostException;
import dev.andante.model.ExpertUnavailableException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What breaks stays confined, and nobody is left waiting. */
class FailureTest {

  @Test
  void aFailedStepFailsItsRequestsAndNoOthers() {
    try (EngineFixture f = new EngineFixture()) {
      List<Integer> expected = f.generate("x", prompt(9, 1), 5).await().ids();
      f.fake().nextFailure.set(new BackendException("no memory"));
      Recorder broken = f.generate("a", prompt(9, 1), 5).await();
      assertThat(broken.code()).isEqualTo(Code.INTERNAL);
      assertThat(broken.failure()).hasMessageContaining("no memory");
      f.assertIdle();
      f.fake().nextFailure.set(new ExpertUnavailableException("shard 1 is gone"));
      assertThat(f.generate("b", prompt(9, 1), 5).await().code())
          .isEqualTo(Code.EXPERT_UNAVAILABLE);
      f.assertIdle();
      assertThat(f.generate("c", prompt(9, 1), 5).await().ids()).isEqualTo(expected);
    }
  }

  @Test
  void aDefectFailsEverythingAndIsReported() {
    for (Throwable defect :
        List.of(new IllegalArgumentException("bug"), new AssertionError("bug"))) {
      try (EngineFixture f = new EngineFixture()) {
        CountDownLatch gate = new CountDownLatch(1);
        f.fake().gate = gate;
        f.fake().nextFailure.set(defect);
        Recorder a = f.generate("a", prompt(9, 1), 5);
        Recorder b = f.generate("b", prompt(9, 1), 5);
        gate.countDown();
        assertThat(a.await().code()).isEqualTo(Code.INTERNAL);
        assertThat(b.await().code()).isEqualTo(Code.INTERNAL);
        Recorder late = f.generate("c", prompt(9, 1), 5).await();
        assertThat(late.code()).isEqualTo(Code.INTERNAL);
        assertThat(f.engine.failure()).contains(defect);
        assertThat(f.engine.status().freeBlocks()).isEqualTo(f.engine.status().totalBlocks());
      }
    }
  }

  @Test
  void aLostDeviceEndsTheEngine() {
    BreakableBackend device = new BreakableBackend();
    try (EngineFixture f = new EngineFixture(device::wrap)) {
      assertThat(f.generate("a", prompt(9, 1), 5).await().ids()).hasSize(5);
      device.lost.set(true);
      Recorder b = f.generate("b", prompt(9, 1), 5).await();
      assertThat(b.code()).isEqualTo(Code.INTERNAL);
      assertThat(b.failure().retryable()).isTrue();
      assertLost(f);
    }
  }

  @Test
  void aDeviceLostWhileKvArrivesEndsTheEngine() {
    BreakableBackend device = new BreakableBackend();
    try (EngineFixture f = new EngineFixture(device::wrap)) {
      KvLayout layout = f.engine.kvLayout();
      KvReservation made =
          EngineFixture.get(f.engine.reserve(new Attempt("a", 1), PromptTokens.of(1, 2, 3)));
      MemorySegment kv = Arena.ofAuto().allocate(3 * layout.bytesPerToken());
      device.lost.set(true);
      assertThatThrownBy(() -> f.engine.storeKv(made.handle(), 0, 3, 0, layout.layers(), kv))
          .isInstanceOf(EngineException.class)
          .hasMessageContaining("device lost");
      assertLost(f);
    }
  }

  /** The refusal comes from the thread that ends, so the loop is over by then. */
  private static void assertLost(EngineFixture f) {
    assertThatThrownBy(
            () ->
                EngineFixture.get(
                    f.engine.reserve(new Attempt("late", 1), PromptTokens.of(1, 2, 3))))
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.code()).isEqualTo(Code.INTERNAL))
        .hasMessageContaining("device lost");
    assertThat(f.engine.failure())
        .hasValueSatisfying(e -> assertThat(e).isInstanceOf(BackendLostException.class));
  }

  @Test
  void notANumberFailsOneRequest() {
    try (EngineFixture f = new EngineFixture()) {
      SamplingParams sampled = EngineFixture.seeded(1);
      PromptTokens healthy = PromptTokens.of(5, 6, 7);
      List<Integer> expected = f.generate("x", healthy, sampled, stop(6), false).await().ids();
      int poison = 39;
      assertThat(expected).doesNotContain(poison);
      f.fake().poison = poison;
      CountDownLatch gate = new CountDownLatch(1);
      f.fake().gate = gate;
      Recorder fine = f.generate("a", healthy, sampled, stop(6), false);
      Recorder sick = f.generate("b", PromptTokens.of(5, 6, poison), sampled, stop(6), false);
      Recorder greedy =
          f.generate("c", PromptTokens.of(5, 6, poison), SamplingParams.GREEDY, stop(6), false);
      gate.countDown();
      assertThat(fine.await().ids()).isEqualTo(expected);
      assertThat(sick.await().code()).isEqualTo(Code.INTERNAL);
      assertThat(greedy.await().code()).isEqualTo(Code.INTERNAL);
      f.assertIdle();
    }
  }

  @Test
  void ruledOutTokensFailOneRequest() {
    try (EngineFixture f = new EngineFixture()) {
      Map<Integer, Float> nothing = new java.util.HashMap<>();
      for (int i = 0; i < FakeModel.VOCABULARY; i++) {
        nothing.put(i, Float.NEGATIVE_INFINITY);
      }
      SamplingParams none = new SamplingParams(1, 0, 1, 0, 0, 0, 1, 0, nothing, false, 0);
      assertThat(f.generate("a", PromptTokens.of(1), none, stop(3), false).await().code())
          .isEqualTo(Code.INTERNAL);
      f.assertIdle();
    }
  }

  @Test
  void aListenerThatThrowsLosesItsRequestOnly() {
    try (EngineFixture f = new EngineFixture()) {
      RequestListener bad =
          new RequestListener() {
            @Override
            public void onTokens(List<GeneratedToken> tokens) {
              throw new IllegalStateException("listener");
            }

            @Override
            public void onFinished(FinishReason reason, GenerationStats stats) {}

            @Override
            public void onFailed(EngineException failure) {}
          };
      f.engine.generate(
          EngineFixture.request(
              new Attempt("bad", 1), PromptTokens.of(1, 2), SamplingParams.GREEDY, stop(50), false),
          bad);
      assertThat(f.generate("a", prompt(9, 1), 5).await().ids()).hasSize(5);
      f.assertIdle();
    }
  }

  @Test
  void aStopMatcherThatThrowsFailsItsRequestOnly() {
    try (EngineFixture f = new EngineFixture()) {
      StopMatcher bad =
          token -> {
            throw new IllegalStateException("matcher");
          };
      Recorder broken =
          f.generate(
              new GenerationRequest(
                  new Attempt("bad", 1),
                  PromptTokens.of(1, 2),
                  SamplingParams.GREEDY,
                  stop(50),
                  bad,
                  false),
              new Recorder());
      assertThat(broken.await().code()).isEqualTo(Code.INTERNAL);
      assertThat(f.generate("a", prompt(9, 1), 5).await().ids()).hasSize(5);
      f.assertIdle();
    }
  }

  @Test
  void aPrefillListenerThatThrowsFailsItsJobOnly() {
    try (EngineFixture f = new EngineFixture()) {
      var failed = new java.util.concurrent.CompletableFuture<EngineException>();
      f.engine.prefill(
          new PrefillJob(
              new Attempt("bad", 1),
              PromptTokens.of(prompt(30, 1)),
              SamplingParams.GREEDY,
              new StopParams(5, 0, false, Set.of())),
          new PrefillListener() {
            @Override
            public void onKv(int firstToken, int tokens, KvView kv) {
              throw new IllegalStateException("push");
            }

            @Override
            public void onFirstToken(
                GeneratedToken token,
                @org.jspecify.annotations.Nullable FinishReason finished,
                GenerationStats stats) {}

            @Override
            public void onFailed(EngineException failure) {
              failed.complete(failure);
            }
          });
      assertThat(EngineFixture.get(failed).code()).isEqualTo(Code.INTERNAL);
      assertThat(f.generate("a", prompt(9, 1), 5).await().ids()).hasSize(5);
      f.assertIdle();
    }
  }
}
