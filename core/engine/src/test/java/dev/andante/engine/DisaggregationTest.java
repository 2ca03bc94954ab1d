package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.request;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Backend;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.speculative.PromptLookupDrafts;
import dev.andante.model.LanguageModel;
import dev.andante.model.dummy.TinyModels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Prefill on one engine, decode on another: the tokens of one engine alone. */
class DisaggregationTest {

  /** Around blocks of 4 and chunks of 16. */
  private static final int[] LENGTHS = {1, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 47, 64, 65};

  private static final int ANSWER = 14;

  /** Chunks of 7, so that they begin inside blocks. */
  private static final EngineConfig ODD_CHUNKS =
      DEFAULTS.toBuilder()
          .maxBatchTokens(7)
          .maxSequences(4)
          .maxWaiting(8)
          .maxDraftTokens(0)
          .build();

  private static EngineFixture fixture(
      Function<Backend, LanguageModel> model, DraftSource drafts, EngineObserver observer) {
    return new EngineFixture(DEFAULTS, drafts, model, observer, Set.of());
  }

  private static Function<Backend, LanguageModel> model(String name) {
    return name.equals("fake") ? FakeModel::new : backend -> TinyModels.llama(backend, 7);
  }

  private static PromptTokens tokens(int length, int vocabulary) {
    return PromptTokens.of(prompt(length, length, vocabulary));
  }

  /** All of the prompt's KV from token {@code from} on, as it was handed over. */
  private static void push(
      PrefillRecorder job,
      EngineFixture to,
      KvReservation reservation,
      int from,
      PromptTokens prompt) {
    int layers = to.engine.kvLayout().layers();
    int next = from;
    for (PrefillRecorder.Run run : job.runs) {
      assertThat(run.firstToken()).as("in order, no holes").isEqualTo(next);
      int blockSize = to.engine.kvLayout().blockSize();
      assertThat(run.firstToken() / blockSize)
          .isEqualTo((run.firstToken() + run.tokens() - 1) / blockSize);
      next += run.tokens();
      get(
          to.engine.storeKv(
              reservation.handle(), run.firstToken(), run.tokens(), 0, layers, run.kv()));
    }
    assertThat(next).isEqualTo(prompt.ids().length);
  }

  /** Reserve, prefill, push, commit. */
  private static TransferredRequest transfer(
      EngineFixture from,
      EngineFixture to,
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      boolean speculate,
      List<Integer> answer) {
    KvReservation reservation = get(to.engine.reserve(attempt, prompt));
    PrefillRecorder job = new PrefillRecorder();
    from.engine.prefill(new PrefillJob(attempt, prompt, sampling, stop(ANSWER)), job);
    int first = job.await().token().id();
    answer.add(first);
    push(job, to, reservation, 0, prompt);
    get(to.engine.commit(reservation.handle()));
    return new TransferredRequest(
        attempt, reservation.handle(), first, sampling, stop(ANSWER), StopMatcher.NONE, speculate);
  }

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

  private static TransferredRequest transferWhenThereIsRoom(
      EngineFixture from,
      EngineFixture to,
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      boolean speculate,
      List<Integer> answer) {
    for (int tries = 0; ; tries++) {
      try {
        return transfer(from, to, attempt, prompt, sampling, speculate, answer);
      } catch (EngineException e) {
        if (e.code() != Code.SATURATED || tries > 1_000_000) {
          throw e;
        }
      }
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
        get(
            decode.engine.storeKv(
                reservation.handle(), run.firstToken(), run.tokens(), 0, 2, run.kv()));
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
  void refusesBeforeAnythingIsReserved() {
    try (EngineFixture f = new EngineFixture()) {
      CountDownLatch gate = new CountDownLatch(1);
      f.fake().gate = gate;
      gate.countDown();
      assertCode(
          () -> get(f.engine.reserve(new Attempt("a", 1), tokens(400, 40))),
          Code.CONTEXT_LENGTH_EXCEEDED);
      assertCode(
          () -> get(f.engine.reserve(new Attempt("a", 1), PromptTokens.of(99))),
          Code.INVALID_REQUEST);
      for (int i = 0; i < 2; i++) {
        get(f.engine.reserve(new Attempt("big" + i, 1), tokens(100, 40)));
      }
      assertCode(() -> get(f.engine.reserve(new Attempt("a", 1), tokens(100, 40))), Code.SATURATED);
      assertThat(f.engine.status().reservedBlocks()).isEqualTo(2 * 26);
      f.checkIntegrity();
      f.clock.advance(DEFAULTS.lease().plus(Duration.ofSeconds(1)));
      f.assertIdle();
    }
  }

  @Test
  void decodeWithoutACommitIsRefusedAndReleaseIsIdempotent() {
    try (EngineFixture f = new EngineFixture()) {
      Attempt attempt = new Attempt("a", 1);
      KvReservation reservation = get(f.engine.reserve(attempt, tokens(6, 40)));
      assertThat(get(f.engine.reserve(attempt, tokens(6, 40)))).isEqualTo(reservation);
      assertCode(() -> get(f.engine.commit(reservation.handle())), Code.BAD_FRAME);
      for (String handle : new String[] {reservation.handle(), "no such"}) {
        Recorder refused = new Recorder();
        f.engine.decode(
            new TransferredRequest(
                attempt, handle, 1, SamplingParams.GREEDY, stop(5), StopMatcher.NONE, false),
            refused);
        assertThat(refused.await().code())
            .isEqualTo(handle.equals("no such") ? Code.UNKNOWN_KV_HANDLE : Code.BAD_FRAME);
      }
      assertThat(get(f.engine.release(reservation.handle()))).isTrue();
      assertThat(get(f.engine.release(reservation.handle()))).isFalse();
      f.assertIdle();
    }
  }

  @Test
  void leasesRunOutAndAreCounted() {
    AtomicInteger expired = new AtomicInteger();
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onLeaseExpired() {
            expired.incrementAndGet();
          }
        };
    try (EngineFixture f = fixture(FakeModel::new, DraftSource.NONE, observer)) {
      KvReservation reservation = get(f.engine.reserve(new Attempt("a", 1), tokens(6, 40)));
      f.clock.advance(Duration.ofMillis(reservation.leaseMillis()));
      f.assertIdle();
      assertThat(expired.get()).isEqualTo(1);
      assertCode(() -> get(f.engine.commit(reservation.handle())), Code.LEASE_EXPIRED);
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

  /**
   * A conversation whose turns all begin like the one before, its answers sampled by decode: what
   * decode has is neither handed over nor sent, and no token changes.
   */
  @ParameterizedTest
  @ValueSource(strings = {"fake", "tiny"})
  void whatDecodeHasIsNotSent(String model) {
    int[] counts = new int[3];
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onPromptTokens(int computed, int cached, int transferred) {
            counts[0] += computed;
            counts[1] += cached;
            counts[2] += transferred;
          }
        };
    try (EngineFixture alone = fixture(model(model), DraftSource.NONE, EngineObserver.NONE);
        EngineFixture prefill =
            new EngineFixture(
                ODD_CHUNKS, DraftSource.NONE, model(model), EngineObserver.NONE, Set.of());
        EngineFixture decode = fixture(model(model), DraftSource.NONE, observer)) {
      int vocabulary = alone.model.config().vocabularySize();
      int[] talk = prompt(11, 1, vocabulary);
      int sharedBefore = 0;
      for (int turn = 0; turn < 4; turn++) {
        SamplingParams sampling = turn % 2 == 0 ? SamplingParams.GREEDY : seeded(turn);
        String id = "turn " + turn;
        List<Integer> expected =
            alone.generate(id, PromptTokens.of(talk), sampling, stop(ANSWER), false).await().ids();
        List<Integer> answer = new ArrayList<>();
        int shared =
            shareAndDecode(
                prefill, decode, new Attempt(id, 1), PromptTokens.of(talk), sampling, answer);
        assertThat(answer).as(id).isEqualTo(expected);
        assertThat(shared).as(id).isEqualTo(sharedBefore);
        // all but the answer's last token has its KV on decode
        sharedBefore = (talk.length + ANSWER - 1) / DEFAULTS.blockSize() * DEFAULTS.blockSize();
        talk =
            IntStream.concat(
                    IntStream.concat(
                        IntStream.of(talk), answer.stream().mapToInt(Integer::intValue)),
                    IntStream.of(prompt(3, turn, vocabulary)))
                .toArray();
        decode.checkIntegrity();
      }
      prefill.assertIdle();
      decode.assertIdle();
      assertThat(counts[0]).as("computed of prompts by decode").isZero();
      assertThat(counts[1]).isEqualTo(24 + 40 + 56);
      assertThat(counts[1] + counts[2]).isEqualTo(11 + 28 + 45 + 62);
    }
  }

  /** All but the last token is there already: the commit comes without a frame. */
  @Test
  void aPromptThatDecodeHasWhole() {
    try (EngineFixture f = new EngineFixture();
        EngineFixture prefill = new EngineFixture()) {
      PromptTokens prompt = tokens(16, FakeModel.VOCABULARY);
      List<Integer> expected = f.generate("a", prompt.ids(), ANSWER).await().ids();
      List<Integer> answer = new ArrayList<>();
      int shared =
          shareAndDecode(prefill, f, new Attempt("b", 1), prompt, SamplingParams.GREEDY, answer);
      assertThat(shared).isEqualTo(16);
      assertThat(answer).isEqualTo(expected);
      f.assertIdle();
    }
  }

  /** As a real pair would: returns how many tokens were not handed over. */
  private static int shareAndDecode(
      EngineFixture from,
      EngineFixture to,
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      List<Integer> answer) {
    KvReservation reservation = get(to.engine.reserve(attempt, prompt));
    int shared = reservation.cachedTokens();
    to.checkIntegrity();
    PrefillRecorder job = new PrefillRecorder();
    from.engine.prefill(
        new PrefillJob(attempt, prompt, sampling, stop(ANSWER)).withoutKvBefore(shared), job);
    int first = job.await().token().id();
    answer.add(first);
    push(job, to, reservation, shared, prompt);
    get(to.engine.commit(reservation.handle()));
    to.checkIntegrity();
    Recorder rest = new Recorder();
    to.engine.decode(
        new TransferredRequest(
            attempt, reservation.handle(), first, sampling, stop(ANSWER), StopMatcher.NONE, false),
        rest);
    answer.addAll(rest.await().ids());
    assertThat(rest.stats().cachedTokens()).as("is prefill's to tell").isZero();
    return shared;
  }

  @Test
  void anAbandonedTransferLeavesNothing() {
    try (EngineFixture f = new EngineFixture()) {
      PromptTokens prompt = tokens(10, 40);
      get(f.engine.reserve(new Attempt("a", 1), prompt));
      Recorder local =
          f.generate(
              request(new Attempt("a", 2), prompt, SamplingParams.GREEDY, stop(5), false),
              new Recorder());
      assertThat(local.await().ids()).hasSize(5);
      f.clock.advance(DEFAULTS.lease());
      f.assertIdle();
    }
  }

  private static void assertCode(Runnable action, Code code) {
    assertThatThrownBy(action::run)
        .isInstanceOfSatisfying(EngineException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
