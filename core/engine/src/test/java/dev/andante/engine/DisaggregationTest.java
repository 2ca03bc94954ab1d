package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.request;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static dev.andante.engine.fake.HandOff.ANSWER;
import static dev.andante.engine.fake.HandOff.ODD_CHUNKS;
import static dev.andante.engine.fake.HandOff.fixture;
import static dev.andante.engine.fake.HandOff.model;
import static dev.andante.engine.fake.HandOff.tokens;
import static dev.andante.engine.fake.HandOff.transfer;
import static dev.andante.engine.fake.HandOff.transferWhenThereIsRoom;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.speculative.PromptLookupDrafts;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Prefill on one engine, decode on another: the tokens of one engine alone. */
class DisaggregationTest {

  /** Around blocks of 4 and chunks of 16. */
  private static final int[] LENGTHS = {1, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 47, 64, 65};

  @ParameterizedTest
  @ValueSource(strings = {"fake", "tiny"})
  void oneAtATime(String model) {
    try (EngineFixture alone = fixture(model(model), DraftSource.NONE, EngineObserver.NONE);
        EngineFixture prefill =
            new EngineFixture(
                ODD_CHUNKS, DraftSource.NONE, model(model), EngineObserver.NONE, Set.of());
        EngineFixture decode =
            fixture(model(model), new PromptLookupDrafts(), EngineObserver.NONE)) {
      int vocabulary = alone.model.config().vocabularySize();
      for (int length : LENGTHS) {
        for (SamplingParams sampling : List.of(SamplingParams.GREEDY, seeded(length))) {
          String id = length + "/" + sampling.greedy();
          PromptTokens prompt = tokens(length, vocabulary);
          List<Integer> expected =
              alone.generate(id, prompt, sampling, stop(ANSWER), false).await().ids();
          List<Integer> answer = new ArrayList<>();
          Attempt attempt = new Attempt(id, 1);
          TransferredRequest request =
              transfer(prefill, decode, attempt, prompt, sampling, length % 2 == 0, answer);
          Recorder rest = new Recorder();
          decode.engine.decode(request, rest);
          answer.addAll(rest.await().ids());
          assertThat(answer).as(id).isEqualTo(expected);
          assertThat(rest.reason()).isEqualTo(FinishReason.LENGTH);
        }
      }
      prefill.assertIdle();
      decode.assertIdle();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fake", "tiny"})
  void allTogetherAmongOtherRequests(String model) {
    AtomicInteger counted = new AtomicInteger();
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onPromptTokens(int computed, int cached, int fromElsewhere) {
            counted.addAndGet(computed + cached + fromElsewhere);
          }
        };
    try (EngineFixture alone = fixture(model(model), DraftSource.NONE, EngineObserver.NONE);
        EngineFixture prefill = fixture(model(model), DraftSource.NONE, EngineObserver.NONE);
        EngineFixture decode = fixture(model(model), new PromptLookupDrafts(), observer)) {
      int vocabulary = alone.model.config().vocabularySize();
      List<List<Integer>> expected = new ArrayList<>();
      List<List<Integer>> answers = new ArrayList<>();
      List<Recorder> rests = new ArrayList<>();
      List<Recorder> others = new ArrayList<>();
      int sum = 0;
      for (int length : new int[] {3, 5, 8, 16, 17, 33, 40}) {
        SamplingParams sampling = length % 2 == 0 ? SamplingParams.GREEDY : seeded(length);
        PromptTokens prompt = tokens(length, vocabulary);
        String id = "m" + length;
        expected.add(alone.generate(id, prompt, sampling, stop(ANSWER), false).await().ids());
        others.add(
            decode.generate("other" + length, prompt, sampling, stop(ANSWER), length % 3 == 0));
        List<Integer> answer = new ArrayList<>();
        answers.add(answer);
        TransferredRequest request =
            transferWhenThereIsRoom(
                prefill, decode, new Attempt(id, 1), prompt, sampling, length % 3 > 0, answer);
        Recorder rest = new Recorder();
        rests.add(rest);
        decode.engine.decode(request, rest);
        sum += length;
      }
      for (int i = 0; i < answers.size(); i++) {
        answers.get(i).addAll(rests.get(i).await().ids());
        assertThat(answers.get(i)).as("transferred %s", i).isEqualTo(expected.get(i));
        assertThat(others.get(i).await().ids()).as("local %s", i).isEqualTo(expected.get(i));
      }
      prefill.assertIdle();
      decode.assertIdle();
      assertThat(counted.get()).as("each prompt twice").isEqualTo(2 * sum);
    }
  }

  @Test
  void nothingIsComputedTwice() {
    AtomicInteger rows = new AtomicInteger();
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onStep(int requests, int tokens, long nanos) {
            rows.addAndGet(tokens);
          }
        };
    try (EngineFixture prefill = new EngineFixture();
        EngineFixture decode = fixture(FakeModel::new, DraftSource.NONE, observer)) {
      TransferredRequest request =
          transfer(
              prefill,
              decode,
              new Attempt("a", 1),
              tokens(20, 40),
              SamplingParams.GREEDY,
              false,
              new ArrayList<>());
      Recorder rest = new Recorder();
      decode.engine.decode(request, rest);
      assertThat(rest.await().ids()).hasSize(ANSWER - 1);
      decode.assertIdle();
      assertThat(rows.get()).isEqualTo(ANSWER - 1);
    }
  }

  @Test
  void aTransferredRequestSurvivesPreemption() {
    int[] preemptions = {0};
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onPreemption() {
            preemptions[0]++;
          }
        };
    EngineConfig tight = DEFAULTS.toBuilder().blocks(12).maxDraftTokens(0).build();
    try (EngineFixture prefill = new EngineFixture();
        EngineFixture decode =
            new EngineFixture(tight, DraftSource.NONE, FakeModel::new, observer, Set.of())) {
      List<Integer> expected = prefill.generate("x", prompt(15, 15), ANSWER).await().ids();
      List<TransferredRequest> requests = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        requests.add(
            transfer(
                prefill,
                decode,
                new Attempt("p" + i, 1),
                PromptTokens.of(prompt(15, 15)),
                SamplingParams.GREEDY,
                false,
                new ArrayList<>()));
      }
      CountDownLatch gate = new CountDownLatch(1);
      decode.fake().gate = gate;
      List<Recorder> rests = new ArrayList<>();
      for (TransferredRequest request : requests) {
        rests.add(new Recorder());
        decode.engine.decode(request, rests.getLast());
      }
      gate.countDown();
      for (Recorder rest : rests) {
        assertThat(rest.await().ids()).isEqualTo(expected.subList(1, ANSWER));
      }
      assertThat(preemptions[0]).isPositive();
      decode.assertIdle();
    }
  }

  @Test
  void resumedStreamsMayBeTransferredToo() {
    try (EngineFixture prefill = new EngineFixture();
        EngineFixture decode = new EngineFixture()) {
      SamplingParams sampling = seeded(5);
      int[] prompt = prompt(10, 2);
      List<Integer> whole =
          prefill
              .generate("x", PromptTokens.of(prompt), sampling, stop(ANSWER), false)
              .await()
              .ids();
      int[] resumed = java.util.Arrays.copyOf(prompt, 16);
      for (int i = 0; i < 6; i++) {
        resumed[10 + i] = whole.get(i);
      }
      List<Integer> answer = new ArrayList<>();
      TransferredRequest request =
          transfer(
              prefill,
              decode,
              new Attempt("r", 2),
              new PromptTokens(resumed, 6),
              sampling,
              false,
              answer);
      Recorder rest = new Recorder();
      decode.engine.decode(request, rest);
      answer.addAll(rest.await().ids());
      assertThat(answer).isEqualTo(whole.subList(6, ANSWER));
    }
  }

  @Test
  void anAnswerThatEndsWithItsFirstToken() {
    try (EngineFixture prefill = new EngineFixture();
        EngineFixture decode = new EngineFixture()) {
      PrefillRecorder job = new PrefillRecorder();
      PromptTokens prompt = PromptTokens.of(prompt(6, 1));
      prefill.engine.prefill(
          new PrefillJob(new Attempt("a", 1), prompt, SamplingParams.GREEDY, stop(1)), job);
      assertThat(job.await().finished()).isEqualTo(FinishReason.LENGTH);
      PrefillRecorder longer = new PrefillRecorder();
      prefill.engine.prefill(
          new PrefillJob(new Attempt("b", 1), prompt, SamplingParams.GREEDY, stop(2)), longer);
      assertThat(longer.await().finished()).isNull();
      // decode is asked all the same
      KvReservation reservation = get(decode.engine.reserve(new Attempt("a", 1), prompt));
      for (PrefillRecorder.Run run : job.runs) {
        decode.engine.storeKv(reservation.handle(), run.firstToken(), run.tokens(), 0, 2, run.kv());
      }
      get(decode.engine.commit(reservation.handle()));
      Recorder rest = new Recorder();
      decode.engine.decode(
          new TransferredRequest(
              new Attempt("a", 1),
              reservation.handle(),
              job.await().token().id(),
              SamplingParams.GREEDY,
              stop(1),
              StopMatcher.NONE,
              false),
          rest);
      assertThat(rest.await().ids()).isEmpty();
      assertThat(rest.reason()).isEqualTo(FinishReason.LENGTH);
      decode.assertIdle();
    }
  }

  @Test
  void oneEngineMayPlayBothRoles() {
    try (EngineFixture f = new EngineFixture()) {
      List<Integer> expected = f.generate("x", prompt(15, 15), ANSWER).await().ids();
      List<Integer> answer = new ArrayList<>();
      TransferredRequest request =
          transfer(
              f,
              f,
              new Attempt("a", 1),
              PromptTokens.of(prompt(15, 15)),
              SamplingParams.GREEDY,
              false,
              answer);
      Recorder rest = new Recorder();
      f.engine.decode(request, rest);
      answer.addAll(rest.await().ids());
      assertThat(answer).isEqualTo(expected);
      f.assertIdle();
    }
  }
}
