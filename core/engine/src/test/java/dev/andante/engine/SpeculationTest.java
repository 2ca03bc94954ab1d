package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.speculative.PromptLookupDrafts;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Speculation changes how many passes an answer takes and nothing else. */
class SpeculationTest {

  private static Recorder run(
      EngineFixture f, SamplingParams sampling, int seed, boolean speculate) {
    PromptTokens prompt = PromptTokens.of(prompt(12, seed));
    return f.generate("s" + seed + speculate, prompt, sampling, stop(60), speculate).await();
  }

  @Test
  void changesNoTokenAndSavesPasses() {
    try (EngineFixture f = new EngineFixture(DEFAULTS, new PromptLookupDrafts())) {
      int accepted = 0;
      for (int seed = 0; seed < 12; seed++) {
        SamplingParams sampling = seed % 2 == 0 ? SamplingParams.GREEDY : seeded(seed);
        long start = f.fake().passes.get();
        Recorder plain = run(f, sampling, seed, false);
        long plainPasses = f.fake().passes.get() - start;
        Recorder speculated = run(f, sampling, seed, true);
        long passes = f.fake().passes.get() - start - plainPasses;
        assertThat(speculated.ids()).isEqualTo(plain.ids());
        assertThat(plainPasses - passes).isEqualTo(speculated.stats().acceptedTokens());
        accepted += speculated.stats().acceptedTokens();
        assertThat(plain.stats().draftedTokens()).isZero();
      }
      assertThat(accepted).isPositive();
      f.assertIdle();
    }
  }

  /** A source that knows the answer, so that every draft is right. */
  private static DraftSource oracle(List<Integer> answer, int promptLength) {
    return new DraftSource() {
      private List<Draft> next = List.of();

      @Override
      public void append(String sequence, int offset, int[] tokens, int maxTokens) {
        int size = offset + tokens.length;
        int from = size - promptLength;
        int to = Math.min(answer.size(), from + maxTokens);
        int[] guess = answer.subList(from, to).stream().mapToInt(Integer::intValue).toArray();
        next = List.of(new Draft(sequence, size, guess));
      }

      @Override
      public void end(String sequence) {}

      @Override
      public List<Draft> propose(long maxWaitNanos) {
        List<Draft> result = next;
        next = List.of();
        return result;
      }

      @Override
      public void close() {}
    };
  }

  @Test
  void rightDraftsGiveABonusTokenEach() {
    List<Integer> answer;
    try (EngineFixture f = new EngineFixture()) {
      answer = f.generate("a", prompt(12, 1), 21).await().ids();
    }
    try (EngineFixture f = new EngineFixture(DEFAULTS, oracle(answer, 12))) {
      PromptTokens prompt = PromptTokens.of(prompt(12, 1));
      Recorder speculated = f.generate("a", prompt, SamplingParams.GREEDY, stop(21), true).await();
      assertThat(speculated.ids()).isEqualTo(answer);
      // one token from the prompt, then 4 drafts and a bonus in each pass
      assertThat(f.fake().passes.get()).isEqualTo(1 + 20 / 5);
      assertThat(speculated.stats().acceptedTokens()).isEqualTo(16);
    }
  }

  @Test
  void anEndInsideADraftEndsTheAnswer() {
    List<Integer> answer;
    try (EngineFixture f = new EngineFixture()) {
      answer = f.generate("a", prompt(12, 1), 21).await().ids();
    }
    int end = answer.get(3);
    List<Integer> expected = answer.subList(0, answer.indexOf(end) + 1);
    try (EngineFixture f =
        new EngineFixture(
            DEFAULTS, oracle(answer, 12), FakeModel::new, EngineObserver.NONE, Set.of(end))) {
      PromptTokens prompt = PromptTokens.of(prompt(12, 1));
      Recorder speculated = f.generate("a", prompt, SamplingParams.GREEDY, stop(21), true).await();
      assertThat(speculated.ids()).isEqualTo(expected);
      assertThat(speculated.reason()).isEqualTo(FinishReason.STOP);
      f.assertIdle();
    }
  }

  @Test
  void maxTokensCapsADraft() {
    List<Integer> answer;
    try (EngineFixture f = new EngineFixture()) {
      answer = f.generate("a", prompt(12, 1), 21).await().ids();
    }
    for (int most = 1; most < 12; most++) {
      try (EngineFixture f = new EngineFixture(DEFAULTS, oracle(answer, 12))) {
        PromptTokens prompt = PromptTokens.of(prompt(12, 1));
        Recorder speculated =
            f.generate("a", prompt, SamplingParams.GREEDY, stop(most), true).await();
        assertThat(speculated.ids()).isEqualTo(answer.subList(0, most));
        assertThat(speculated.reason()).isEqualTo(FinishReason.LENGTH);
      }
    }
  }

  @Test
  void aSilentSourceIsWaitedForOnlyAFewTimes() {
    List<Long> waits = Collections.synchronizedList(new ArrayList<>());
    DraftSource silent =
        new DraftSource() {
          @Override
          public void append(String sequence, int offset, int[] tokens, int maxTokens) {}

          @Override
          public void end(String sequence) {}

          @Override
          public List<Draft> propose(long maxWaitNanos) {
            waits.add(maxWaitNanos);
            return List.of();
          }

          @Override
          public void close() {}
        };
    try (EngineFixture f = new EngineFixture(DEFAULTS, silent)) {
      PromptTokens prompt = PromptTokens.of(prompt(12, 1));
      Recorder answer = f.generate("a", prompt, SamplingParams.GREEDY, stop(80), true).await();
      assertThat(answer.ids()).hasSize(80);
      long bound = DEFAULTS.draftWait().toNanos();
      assertThat(waits).allMatch(wait -> wait == 0 || wait == bound);
      assertThat(waits.stream().filter(wait -> wait > 0).count()).isEqualTo(3);
      assertThat(waits.size()).isGreaterThan(50);
    }
  }
}
