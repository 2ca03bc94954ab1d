package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.request;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Requests on one engine: ends, refusals, aborts. */
class EngineTest {

  private static EngineConfig config(int blocks, int maxSequences, int maxWaiting) {
    return DEFAULTS.toBuilder()
        .blocks(blocks)
        .maxSequences(maxSequences)
        .maxWaiting(maxWaiting)
        .build();
  }

  private static EngineFixture fixture(Set<Integer> endTokenIds) {
    return new EngineFixture(
        DEFAULTS, DraftSource.NONE, FakeModel::new, EngineObserver.NONE, endTokenIds);
  }

  private static SamplingParams biased(Map<Integer, Float> bias) {
    return new SamplingParams(0, 0, 1, 0, 0, 0, 1, 0, bias, false, 0);
  }

  @Test
  void generatesUpToMaxTokens() {
    try (EngineFixture f = new EngineFixture()) {
      Recorder answer = f.generate("a", prompt(21, 1), 10).await();
      assertThat(answer.failure()).isNull();
      assertThat(answer.ids()).hasSize(10);
      assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
      f.assertIdle();
    }
  }

  @Test
  void theContextEndsAnAnswer() {
    try (EngineFixture f = new EngineFixture()) {
      Recorder answer = f.generate("a", prompt(120, 1), 1_000_000_000).await();
      assertThat(answer.ids()).hasSize(FakeModel.CONTEXT - 120);
      assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
      f.assertIdle();
    }
  }

  @Test
  void thePoolEndsAnAnswerWhereItIsSmallerThanTheContext() {
    try (EngineFixture f = new EngineFixture(config(5, 2, 2), DraftSource.NONE)) {
      assertThat(f.generate("a", prompt(12, 1), 100).await().ids()).hasSize(8);
      f.assertIdle();
    }
  }

  @Test
  void endTokensStopTokensAndMinTokens() {
    int[] prompt = prompt(9, 4);
    List<Integer> free;
    try (EngineFixture f = new EngineFixture()) {
      free = f.generate("a", prompt, 20).await().ids();
    }
    int end = free.get(3);
    int first = free.indexOf(end);
    try (EngineFixture f = fixture(Set.of(end))) {
      Recorder stopped = f.generate("a", prompt, 20).await();
      assertThat(stopped.ids()).isEqualTo(free.subList(0, first + 1));
      assertThat(stopped.reason()).isEqualTo(FinishReason.STOP);

      PromptTokens tokens = PromptTokens.of(prompt);
      StopParams ignore = new StopParams(20, 0, true, Set.of());
      Recorder ignored = f.generate("b", tokens, SamplingParams.GREEDY, ignore, false).await();
      assertThat(ignored.ids()).isEqualTo(free);
      assertThat(ignored.reason()).isEqualTo(FinishReason.LENGTH);

      StopParams still = new StopParams(20, 0, true, Set.of(end));
      assertThat(f.generate("c", tokens, SamplingParams.GREEDY, still, false).await().ids())
          .isEqualTo(stopped.ids());

      StopParams late = new StopParams(20, first + 2, false, Set.of());
      Recorder masked = f.generate("d", tokens, SamplingParams.GREEDY, late, false).await();
      assertThat(masked.ids()).hasSizeGreaterThan(first + 2);
      assertThat(masked.ids().subList(0, first + 2)).doesNotContain(end);
      f.assertIdle();
    }
  }

  @Test
  void theLastAllowedTokenMayBeTheEnd() {
    int[] prompt = prompt(9, 4);
    List<Integer> free;
    try (EngineFixture f = new EngineFixture()) {
      free = f.generate("a", prompt, 1).await().ids();
    }
    try (EngineFixture f = fixture(Set.copyOf(free))) {
      assertThat(f.generate("a", prompt, 1).await().reason()).isEqualTo(FinishReason.STOP);
    }
  }

  @Test
  void stopMatcherSeesEveryToken() {
    try (EngineFixture f = new EngineFixture()) {
      int[] prompt = prompt(9, 4);
      List<Integer> free = f.generate("free", prompt, 20).await().ids();
      List<Integer> seen = new ArrayList<>();
      StopMatcher matcher =
          token -> {
            seen.add(token);
            return seen.size() == 7;
          };
      int[] resumed = java.util.Arrays.copyOf(prompt, 11);
      resumed[9] = free.get(0);
      resumed[10] = free.get(1);
      GenerationRequest request =
          new GenerationRequest(
              new Attempt("a", 1),
              new PromptTokens(resumed, 2),
              SamplingParams.GREEDY,
              stop(20),
              matcher,
              false);
      Recorder answer = f.generate(request, new Recorder()).await();
      assertThat(answer.ids()).isEqualTo(free.subList(2, 7));
      assertThat(seen).isEqualTo(free.subList(0, 7));
      assertThat(answer.reason()).isEqualTo(FinishReason.STOP);
    }
  }

  @Test
  void aCompleteAnswerThatIsResumedEndsAtOnce() {
    try (EngineFixture f = new EngineFixture()) {
      PromptTokens prompt = new PromptTokens(prompt(9, 1), 5);
      Recorder answer = f.generate("a", prompt, SamplingParams.GREEDY, stop(5), false).await();
      assertThat(answer.ids()).isEmpty();
      assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
      PrefillRecorder job = new PrefillRecorder();
      f.engine.prefill(
          new PrefillJob(new Attempt("b", 1), prompt, SamplingParams.GREEDY, stop(5)), job);
      assertThat(code(job)).isEqualTo(Code.INVALID_REQUEST);
      f.assertIdle();
    }
  }

  private static Code code(PrefillRecorder job) {
    try {
      job.await();
      throw new AssertionError("not refused");
    } catch (EngineException e) {
      return e.code();
    }
  }

  @Test
  void refusesWhatItCannotServe() {
    try (EngineFixture f = new EngineFixture(config(5, 2, 2), DraftSource.NONE)) {
      assertThat(f.generate("a", prompt(20, 1), 1).await().code())
          .isEqualTo(Code.CONTEXT_LENGTH_EXCEEDED);
      assertThat(f.generate("a", prompt(500, 1), 1).await().code())
          .isEqualTo(Code.CONTEXT_LENGTH_EXCEEDED);
      assertThat(f.generate("a", new int[] {FakeModel.VOCABULARY}, 1).await().code())
          .isEqualTo(Code.INVALID_REQUEST);
      assertThat(f.generate("a", new int[] {-1}, 1).await().code()).isEqualTo(Code.INVALID_REQUEST);
      for (Map<Integer, Float> bias :
          List.of(Map.of(40, 1f), Map.of(-1, 1f), Map.of(1, Float.NaN))) {
        Recorder refused =
            f.generate("a", PromptTokens.of(1), biased(bias), stop(1), false).await();
        assertThat(refused.code()).isEqualTo(Code.INVALID_REQUEST);
        assertThat(refused.failure()).hasMessageContaining("logit_bias");
      }
      PrefillRecorder job = new PrefillRecorder();
      f.engine.prefill(
          new PrefillJob(
              new Attempt("p", 1), PromptTokens.of(prompt(20, 1)), SamplingParams.GREEDY, stop(1)),
          job);
      assertThat(code(job)).isEqualTo(Code.CONTEXT_LENGTH_EXCEEDED);
      f.assertIdle();
    }
  }

  @Test
  void aBiasOfMinusInfinityForbidsAToken() {
    try (EngineFixture f = new EngineFixture()) {
      int id = f.generate("a", prompt(5, 1), 1).await().ids().getFirst();
      SamplingParams never = biased(Map.of(id, Float.NEGATIVE_INFINITY));
      assertThat(
              f.generate("b", PromptTokens.of(prompt(5, 1)), never, stop(30), false).await().ids())
          .hasSize(30)
          .doesNotContain(id);
    }
  }

  @Test
  void refusesMoreThanMaySitAndWait() {
    try (EngineFixture f = new EngineFixture(config(64, 1, 1), DraftSource.NONE)) {
      CountDownLatch gate = new CountDownLatch(1);
      f.fake().gate = gate;
      Recorder running = f.generate("a", prompt(5, 1), 3);
      Recorder waiting = f.generate("b", prompt(5, 1), 3);
      Recorder refused = f.generate("c", prompt(5, 1), 3);
      gate.countDown();
      assertThat(refused.await().code()).isEqualTo(Code.SATURATED);
      assertThat(running.await().ids()).hasSize(3);
      assertThat(waiting.await().ids()).isEqualTo(running.ids());
      assertThat(f.generate("d", prompt(5, 1), 3).await().ids()).hasSize(3);
      f.assertIdle();
    }
  }

  @Test
  void attemptsAreUniqueAndNewerOnesTakeOver() {
    try (EngineFixture f = new EngineFixture()) {
      CountDownLatch gate = new CountDownLatch(1);
      f.fake().gate = gate;
      PromptTokens prompt = PromptTokens.of(prompt(5, 1));
      List<Recorder> all = new ArrayList<>();
      for (int epoch : new int[] {2, 2, 1, 3}) {
        all.add(
            f.generate(
                request(new Attempt("a", epoch), prompt, SamplingParams.GREEDY, stop(5), false),
                new Recorder()));
      }
      gate.countDown();
      assertThat(all.get(3).await().ids()).hasSize(5);
      assertThat(all.get(0).await().code()).isEqualTo(Code.STALE_EPOCH);
      assertThat(all.get(1).await().code()).isEqualTo(Code.INVALID_REQUEST);
      assertThat(all.get(2).await().code()).isEqualTo(Code.STALE_EPOCH);
      f.assertIdle();
    }
  }

  @Test
  void abortsRunningWaitingAndPrefilling() {
    try (EngineFixture f = new EngineFixture(config(64, 1, 5), DraftSource.NONE)) {
      Recorder running =
          f.generate(
              request(
                  new Attempt("a", 1),
                  PromptTokens.of(prompt(5, 1)),
                  SamplingParams.GREEDY,
                  stop(1000),
                  false),
              new Recorder(2));
      running.awaitTokens();
      CountDownLatch gate = new CountDownLatch(1);
      f.fake().gate = gate;
      Recorder waiting = f.generate("b", prompt(5, 1), 100);
      PrefillRecorder job = new PrefillRecorder();
      f.engine.prefill(
          new PrefillJob(
              new Attempt("c", 1), PromptTokens.of(prompt(100, 1)), SamplingParams.GREEDY, stop(5)),
          job);
      f.engine.abort(new Attempt("a", 2));
      f.engine.abort(new Attempt("unknown", 1));
      f.engine.abort(new Attempt("a", 1));
      f.engine.abort(new Attempt("b", 1));
      f.engine.abort(new Attempt("b", 1));
      f.engine.abort(new Attempt("c", 1));
      gate.countDown();
      assertThat(waiting.await().reason()).isEqualTo(FinishReason.ABORTED);
      assertThat(waiting.ids()).isEmpty();
      assertThat(code(job)).isEqualTo(Code.INTERNAL);
      running.await();
      f.assertIdle();
    }
  }

  @Test
  void logprobsComeWithTheTokens() {
    try (EngineFixture f = new EngineFixture()) {
      SamplingParams asked = new SamplingParams(0, 0, 1, 0, 0, 0, 1, 0, Map.of(), true, 2);
      Recorder plain = f.generate("a", prompt(5, 1), 6).await();
      Recorder with = f.generate("b", PromptTokens.of(prompt(5, 1)), asked, stop(6), false).await();
      assertThat(with.ids()).isEqualTo(plain.ids());
      for (GeneratedToken token : with.tokens()) {
        assertThat(token.logprob()).isNegative();
        assertThat(token.top()).hasSize(2);
        assertThat(token.top().getFirst().id()).isEqualTo(token.id());
        assertThat(token.top().getFirst().logprob()).isEqualTo(token.logprob());
      }
      assertThat(plain.tokens().getFirst().logprob()).isNaN();
    }
  }

  @Test
  void observerAndStatsAddUp() {
    int[] prompts = {0, 0, 0};
    int[] generated = {0};
    List<FinishReason> finished = new ArrayList<>();
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onPromptTokens(int computed, int cached, int transferred) {
            prompts[0] += computed;
            prompts[1] += cached;
            prompts[2] += transferred;
          }

          @Override
          public void onGeneratedTokens(int count) {
            generated[0] += count;
          }

          @Override
          public void onFinished(
              FinishReason reason, int promptTokens, int generatedTokens, GenerationStats stats) {
            finished.add(reason);
            assertThat(promptTokens).isEqualTo(21);
            assertThat(generatedTokens).isEqualTo(10);
          }
        };
    try (EngineFixture f =
        new EngineFixture(DEFAULTS, DraftSource.NONE, FakeModel::new, observer, Set.of())) {
      f.generate("a", prompt(21, 1), 10).await();
      f.generate("b", prompt(21, 2), 10).await();
      f.assertIdle();
    }
    assertThat(prompts).containsExactly(42, 0, 0);
    assertThat(generated).containsExactly(20);
    assertThat(finished).containsExactly(FinishReason.LENGTH, FinishReason.LENGTH);
  }

  @Test
  void closeFailsWhatIsLeftAndRefusesWhatComes() {
    EngineFixture f = new EngineFixture();
    CountDownLatch gate = new CountDownLatch(1);
    f.fake().gate = gate;
    Recorder running = f.generate("a", prompt(5, 1), 100);
    var reservation = f.engine.reserve(new Attempt("b", 1), PromptTokens.of(1, 2));
    Thread closer = new Thread(f.engine::close);
    closer.start();
    while (closer.getState() != Thread.State.TIMED_WAITING) {
      // it joins the engine thread, which stands at the gate
      Thread.onSpinWait();
    }
    gate.countDown();
    assertThat(running.await().code()).isEqualTo(Code.SHUTTING_DOWN);
    assertThat(reservation).isNotNull();
    f.close();
    assertThat(f.generate("c", prompt(5, 1), 1).await().code()).isEqualTo(Code.SHUTTING_DOWN);
    assertThat(f.engine.status().freeBlocks()).isEqualTo(f.engine.status().totalBlocks());
    assertThat(f.engine.checkIntegrity()).isCompletedExceptionally();
    f.engine.abort(new Attempt("a", 1));
    f.engine.close();
  }
}
