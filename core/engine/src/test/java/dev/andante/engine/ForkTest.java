package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.request;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.ListeningTo;
import dev.andante.engine.fake.Recorder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several answers to one prompt compute it once. */
class ForkTest {

  private static final int ANSWER = 9;
  private static final Attempt FIRST = new Attempt("first", 1);

  private static ForkRequest fork(String id, int tokens, SamplingParams sampling) {
    return new ForkRequest(
        new Attempt(id, 1), FIRST, tokens, sampling, stop(ANSWER), StopMatcher.NONE, false);
  }

  /** Around blocks of 4; without the prefix cache, so that only the fork can share anything. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 5, 8, 15, 16, 17, 30})
  void thePromptIsComputedOnce(int length) {
    int answers = 4;
    AtomicInteger rows = new AtomicInteger();
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onStep(int requests, int tokens, long nanos) {
            rows.addAndGet(tokens);
          }
        };
    EngineConfig unshared =
        DEFAULTS.toBuilder().blocks(96).maxDraftTokens(0).prefixCache(false).build();
    PromptTokens prompt = PromptTokens.of(prompt(length, length));
    List<List<Integer>> alone = new ArrayList<>();
    try (EngineFixture f = new EngineFixture()) {
      for (int i = 0; i < answers; i++) {
        alone.add(f.generate("alone" + i, prompt, seeded(i), stop(ANSWER), false).await().ids());
      }
    }
    try (EngineFixture f =
        new EngineFixture(unshared, DraftSource.NONE, FakeModel::new, observer, Set.of())) {
      List<Recorder> recorders = new ArrayList<>();
      for (int i = 0; i < answers; i++) {
        recorders.add(new Recorder());
      }
      f.engine.generate(
          request(FIRST, prompt, seeded(0), stop(ANSWER), false),
          new ListeningTo(
              recorders.getFirst(),
              tokens -> {
                for (int i = 1; tokens == 1 && i < answers; i++) {
                  f.engine.fork(fork("fork" + i, length, seeded(i)), recorders.get(i));
                }
              }));
      for (int i = 0; i < answers; i++) {
        assertThat(recorders.get(i).await().ids()).as("answer %s", i).isEqualTo(alone.get(i));
      }
      assertThat(recorders.get(1).stats().cachedTokens()).isEqualTo(length - 1);
      f.assertIdle();
      // The prompt, what each answer feeds back, and for each other one the last of the prompt.
      assertThat(rows.get()).isEqualTo(length + answers * (ANSWER - 1) + (answers - 1));
    }
  }

  @Test
  void anEndThatOneReachesLeavesTheOtherItsBlocks() {
    try (EngineFixture f = new EngineFixture()) {
      PromptTokens prompt = PromptTokens.of(prompt(14, 1));
      List<Integer> alone =
          f.generate("alone", prompt, seeded(5), stop(ANSWER), false).await().ids();
      Recorder first = new Recorder();
      Recorder other = new Recorder();
      f.engine.generate(
          request(FIRST, prompt, SamplingParams.GREEDY, stop(ANSWER), false),
          new ListeningTo(
              first,
              tokens -> {
                if (tokens == 3) {
                  f.engine.fork(fork("other", 14, seeded(5)), other);
                  f.engine.abort(FIRST);
                }
              }));
      assertThat(first.await().reason()).isEqualTo(FinishReason.ABORTED);
      assertThat(other.await().ids()).isEqualTo(alone);
      f.assertIdle();
    }
  }

  @Test
  void whatIsNotThereCannotBeForked() {
    try (EngineFixture f = new EngineFixture()) {
      Recorder nobody = new Recorder();
      f.engine.fork(fork("a", 3, SamplingParams.GREEDY), nobody);
      assertThat(nobody.await().code()).isEqualTo(Code.UNKNOWN_REQUEST);
      Recorder first = new Recorder();
      Recorder tooLong = new Recorder();
      Recorder same = new Recorder();
      f.engine.generate(
          request(FIRST, PromptTokens.of(prompt(5, 1)), SamplingParams.GREEDY, stop(ANSWER), false),
          new ListeningTo(
              first,
              tokens -> {
                if (tokens == 2) {
                  f.engine.fork(fork("b", 8, SamplingParams.GREEDY), tooLong);
                  f.engine.fork(fork(FIRST.requestId(), 5, SamplingParams.GREEDY), same);
                }
              }));
      assertThat(first.await().ids()).hasSize(ANSWER);
      assertThat(tooLong.await().code()).isEqualTo(Code.UNKNOWN_REQUEST);
      assertThat(same.await().code()).as("ids are unique").isEqualTo(Code.INVALID_REQUEST);
      f.assertIdle();
    }
  }
}
