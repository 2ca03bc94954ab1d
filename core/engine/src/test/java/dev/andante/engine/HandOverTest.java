package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Backend;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.ListeningTo;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.speculative.PromptLookupDrafts;
import dev.andante.model.LanguageModel;
import dev.andante.model.dummy.TinyModels;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An answer that goes on on another engine, with the KV it has. */
class HandOverTest {

  private static final int ANSWER = 24;
  private static final Attempt ATTEMPT = new Attempt("a", 1);
  private static final Attempt NEXT = new Attempt("a", 2);

  private static Function<Backend, LanguageModel> model(String name) {
    return name.equals("fake") ? FakeModel::new : backend -> TinyModels.llama(backend, 7);
  }

  /** An answer, of which the KV is read out after so many tokens while it goes on. */
  private static final class Reading {
    final EngineFixture from;
    final PrefillRecorder kv = new PrefillRecorder();
    final CompletableFuture<AnswerKv> known = new CompletableFuture<>();
    final List<Integer> ids;

    Reading(EngineFixture from, PromptTokens prompt, SamplingParams sampling, int after) {
      this.from = from;
      Recorder recorder = new Recorder();
      AtomicBoolean reading = new AtomicBoolean();
      from.engine.generate(
          EngineFixture.request(ATTEMPT, prompt, sampling, stop(ANSWER), true),
          new ListeningTo(
              recorder,
              tokens -> {
                if (tokens >= after && reading.compareAndSet(false, true)) {
                  var _ = readAll();
                }
              }));
      this.ids = recorder.await().ids();
      get(known);
    }

    private CompletableFuture<Void> readAll() {
      return from.engine
          .answerKv(ATTEMPT)
          .thenCompose(
              there ->
                  from.engine
                      .readKv(ATTEMPT, 0, there.tokens().ids().length, kv::onKv)
                      .thenRun(() -> known.complete(there)))
          .whenComplete(
              (_, error) -> {
                if (error != null) {
                  known.completeExceptionally(error);
                }
              });
    }

    /** Reserve, push, commit. */
    KvReservation to(EngineFixture engine) {
      AnswerKv there = get(known);
      KvReservation reservation = get(engine.engine.reserve(NEXT, there.tokens(), there.source()));
      int layers = engine.engine.kvLayout().layers();
      for (PrefillRecorder.Run run : kv.runs) {
        engine.engine.storeKv(
            reservation.handle(), run.firstToken(), run.tokens(), 0, layers, run.kv());
      }
      get(engine.engine.commit(reservation.handle()));
      return reservation;
    }

    /** As it goes on after the KV and so many tokens that came meanwhile. */
    TransferredRequest rest(KvReservation reservation, SamplingParams sampling, int following) {
      int generated = get(known).tokens().generated();
      return new TransferredRequest(
              NEXT,
              reservation.handle(),
              ids.get(generated),
              sampling,
              stop(ANSWER),
              StopMatcher.NONE,
              true)
          .followedBy(ids.subList(generated + 1, generated + 1 + following));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "fake,11,1,0", "fake,11,6,0", "fake,12,6,3", "fake,30,9,14", "fake,3,2,1",
    "tiny,11,1,0", "tiny,11,6,0", "tiny,12,6,3", "tiny,30,9,12", "tiny,3,2,1"
  })
  void theTextIsThatOfOneEngine(String model, int length, int after, int following) {
    AtomicInteger rows = new AtomicInteger();
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onStep(int requests, int tokens, long nanos) {
            rows.addAndGet(tokens);
          }
        };
    for (SamplingParams sampling : List.of(SamplingParams.GREEDY, seeded(length))) {
      try (EngineFixture from =
              new EngineFixture(
                  DEFAULTS, DraftSource.NONE, model(model), EngineObserver.NONE, Set.of());
          EngineFixture to =
              new EngineFixture(DEFAULTS, DraftSource.NONE, model(model), observer, Set.of())) {
        int vocabulary = from.model.config().vocabularySize();
        PromptTokens prompt = PromptTokens.of(prompt(length, length, vocabulary));
        rows.set(0);
        Reading reading = new Reading(from, prompt, sampling, after);
        assertThat(reading.ids).hasSize(ANSWER);
        int generated = get(reading.known).tokens().generated();
        assertThat(generated).isGreaterThanOrEqualTo(after - 1);
        KvReservation reservation = reading.to(to);
        Recorder rest = new Recorder();
        to.engine.decode(reading.rest(reservation, sampling, following), rest);
        int known = generated + 1 + following;
        assertThat(rest.await().ids()).isEqualTo(reading.ids.subList(known, ANSWER));
        assertThat(rest.reason()).isEqualTo(FinishReason.LENGTH);
        from.assertIdle();
        to.assertIdle();
        assertThat(rows.get()).as("nothing is computed twice").isEqualTo(ANSWER - 1 - generated);
      }
    }
  }

  @Test
  void draftsMakeNoDifference() {
    try (EngineFixture from = new EngineFixture(DEFAULTS, new PromptLookupDrafts());
        EngineFixture to = new EngineFixture(DEFAULTS, new PromptLookupDrafts())) {
      PromptTokens prompt = PromptTokens.of(prompt(13, 4));
      Reading reading = new Reading(from, prompt, SamplingParams.GREEDY, 5);
      int following = 2;
      Recorder rest = new Recorder();
      to.engine.decode(reading.rest(reading.to(to), SamplingParams.GREEDY, following), rest);
      int known = get(reading.known).tokens().generated() + 1 + following;
      assertThat(rest.await().ids()).isEqualTo(reading.ids.subList(known, ANSWER));
      from.assertIdle();
      to.assertIdle();
    }
  }

  @Test
  void whoseKernelsItIsFromGoesWithIt() {
    try (EngineFixture prefill = new EngineFixture();
        EngineFixture from = new EngineFixture()) {
      PromptTokens prompt = PromptTokens.of(prompt(10, 1));
      KvReservation reservation = get(from.engine.reserve(ATTEMPT, prompt, KvSource.OTHER));
      PrefillRecorder job = new PrefillRecorder();
      prefill.engine.prefill(
          new PrefillJob(ATTEMPT, prompt, SamplingParams.GREEDY, stop(ANSWER)), job);
      int first = job.await().token().id();
      for (PrefillRecorder.Run run : job.runs) {
        from.engine.storeKv(reservation.handle(), run.firstToken(), run.tokens(), 0, 2, run.kv());
      }
      get(from.engine.commit(reservation.handle()));
      CountDownLatch gate = new CountDownLatch(1);
      from.fake().gate = gate;
      Recorder rest = new Recorder();
      from.engine.decode(
          new TransferredRequest(
              ATTEMPT,
              reservation.handle(),
              first,
              SamplingParams.GREEDY,
              stop(ANSWER),
              StopMatcher.NONE,
              false),
          rest);
      CompletableFuture<AnswerKv> known = from.engine.answerKv(ATTEMPT);
      gate.countDown();
      assertThat(get(known).source()).isEqualTo(KvSource.OTHER);
      rest.await();
      from.assertIdle();
    }
  }

  @Test
  void thereIsNothingToReadOfWhatIsNotAnswered() {
    try (EngineFixture f = new EngineFixture()) {
      assertUnknown(() -> get(f.engine.answerKv(ATTEMPT)));
      assertUnknown(() -> get(f.engine.readKv(ATTEMPT, 0, 1, (_, _, _) -> {})));
      CountDownLatch gate = new CountDownLatch(1);
      f.fake().gate = gate;
      Recorder answer = f.generate("a", prompt(40, 1), 3); // three chunks
      CompletableFuture<AnswerKv> early = f.engine.answerKv(ATTEMPT);
      CompletableFuture<AnswerKv> other = f.engine.answerKv(NEXT);
      gate.countDown();
      assertUnknown(() -> get(early));
      assertUnknown(() -> get(other));
      answer.await();
      assertUnknown(() -> get(f.engine.answerKv(ATTEMPT)));
      f.assertIdle();
    }
  }

  @Test
  void aSinkThatFailsHarmsNobody() {
    try (EngineFixture f = new EngineFixture()) {
      List<CompletableFuture<Void>> read = new ArrayList<>();
      Recorder answer = new Recorder();
      f.engine.generate(
          EngineFixture.request(
              ATTEMPT, PromptTokens.of(prompt(9, 1)), SamplingParams.GREEDY, stop(ANSWER), false),
          new ListeningTo(
              answer,
              _ -> {
                if (read.isEmpty()) {
                  read.add(f.engine.readKv(ATTEMPT, 0, 9, HandOverTest::full));
                }
              }));
      assertThat(answer.await().ids()).hasSize(ANSWER);
      assertThatThrownBy(() -> get(read.getFirst()))
          .isInstanceOfSatisfying(
              EngineException.class, e -> assertThat(e.code()).isEqualTo(Code.INTERNAL));
      f.assertIdle();
    }
  }

  @Test
  void whatFollowedNeedsRoomToo() {
    EngineConfig tight = DEFAULTS.toBuilder().blocks(6).maxDraftTokens(0).build();
    try (EngineFixture from = new EngineFixture();
        EngineFixture to = new EngineFixture(tight, DraftSource.NONE)) {
      PromptTokens prompt = PromptTokens.of(prompt(10, 1));
      Reading reading = new Reading(from, prompt, SamplingParams.GREEDY, 2);
      KvReservation reservation = reading.to(to);
      get(to.engine.reserve(new Attempt("hog", 1), PromptTokens.of(prompt(7, 2))));
      Recorder refused = new Recorder();
      to.engine.decode(reading.rest(reservation, SamplingParams.GREEDY, 8), refused);
      assertThat(refused.await().code()).isEqualTo(Code.SATURATED);
      to.checkIntegrity();
      Recorder rest = new Recorder();
      to.engine.decode(reading.rest(reservation, SamplingParams.GREEDY, 0), rest);
      int known = get(reading.known).tokens().generated() + 1;
      // Fewer tokens fit that pool than were asked for.
      assertThat(rest.awaitTokens().ids().getFirst()).isEqualTo(reading.ids.get(known));
      to.engine.abort(NEXT);
      rest.await();
      to.clock.advance(DEFAULTS.lease().plusSeconds(1));
      to.assertIdle();
    }
  }

  private static void full(int firstToken, int tokens, KvView kv) {
    throw new IllegalStateException("there is no room for it");
  }

  private static void assertUnknown(Runnable question) {
    assertThatThrownBy(question::run)
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.code()).isEqualTo(Code.UNKNOWN_REQUEST));
  }
}
