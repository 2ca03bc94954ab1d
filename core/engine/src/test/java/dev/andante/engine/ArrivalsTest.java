package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.stop;
import static dev.andante.engine.fake.HandOff.ANSWER;
import static dev.andante.engine.fake.HandOff.fixture;
import static dev.andante.engine.fake.HandOff.model;
import static dev.andante.engine.fake.HandOff.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.KvLayout;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.AlteredBackend;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** KV that arrives while the engine is at work, and where it cannot be stored. */
class ArrivalsTest {

  /** Or each run would wait for a step of the answers there. */
  @Test
  void kvIsStoredDuringAStep() throws Exception {
    try (EngineFixture prefill = fixture(model("fake"), DraftSource.NONE, EngineObserver.NONE);
        EngineFixture decode = fixture(model("fake"), DraftSource.NONE, EngineObserver.NONE)) {
      PromptTokens prompt = tokens(9, 40);
      Attempt attempt = new Attempt("a", 1);
      KvReservation reservation = get(decode.engine.reserve(attempt, prompt));
      PrefillRecorder job = new PrefillRecorder();
      prefill.engine.prefill(
          new PrefillJob(attempt, prompt, SamplingParams.GREEDY, stop(ANSWER)), job);
      job.await();
      CountDownLatch gate = new CountDownLatch(1);
      decode.fake().gate = gate;
      Recorder other = decode.generate("other", prompt(5, 1), 3);
      awaitStep(decode);
      CompletableFuture<Void> stored =
          CompletableFuture.runAsync(
              () -> {
                for (PrefillRecorder.Run run : job.runs) {
                  decode.engine.storeKv(
                      reservation.handle(), run.firstToken(), run.tokens(), 0, 2, run.kv());
                }
              });
      get(stored);
      assertThat(gate.getCount()).as("the step goes on").isEqualTo(1);
      CompletableFuture<Void> committed = decode.engine.commit(reservation.handle());
      assertThat(committed).isNotDone();
      gate.countDown();
      get(committed);
      other.await();
      get(decode.engine.release(reservation.handle()));
      decode.assertIdle();
    }
  }

  @Test
  void whereThePoolMustHaveItSoKvIsStoredBetweenSteps() throws Exception {
    try (EngineFixture decode = new EngineFixture(writtenBesidePasses(false))) {
      KvReservation reservation =
          get(decode.engine.reserve(new Attempt("a", 1), PromptTokens.of(1, 2, 3)));
      CountDownLatch gate = new CountDownLatch(1);
      decode.fake().gate = gate;
      Recorder other = decode.generate("other", prompt(5, 1), 3);
      awaitStep(decode);
      for (int run = 0; run < 8; run++) {
        store(decode, reservation); // the same again, which does no harm
      }
      Thread storing = Thread.ofPlatform().start(() -> store(decode, reservation));
      assertThat(storing.join(Duration.ofMillis(50))).as("there is no room for more").isFalse();
      gate.countDown();
      assertThat(storing.join(Duration.ofSeconds(10))).isTrue();
      get(decode.engine.commit(reservation.handle()));
      other.await();
      get(decode.engine.release(reservation.handle()));
      decode.assertIdle();
    }
  }

  private static UnaryOperator<Backend> writtenBesidePasses(boolean so) {
    return AlteredBackend.inPools(method -> method.equals("writesBesidePasses") ? so : null);
  }

  /** Three tokens. */
  private static void store(EngineFixture engine, KvReservation reservation) {
    KvLayout layout = engine.engine.kvLayout();
    MemorySegment kv = Arena.ofAuto().allocate(3 * layout.bytesPerToken());
    engine.engine.storeKv(reservation.handle(), 0, 3, 0, layout.layers(), kv);
  }

  private static Code codeOf(ThrowingCallable call) {
    return catchThrowableOfType(EngineException.class, call).code();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFailedWriteEndsItsReservationOnly(boolean besideSteps) {
    AtomicBoolean fails = new AtomicBoolean(true);
    UnaryOperator<Backend> failing =
        AlteredBackend.inPools(
            method -> {
              if (method.equals("write") && fails.getAndSet(false)) {
                throw new BackendException("the test");
              }
              return null;
            });
    try (EngineFixture decode =
        new EngineFixture(real -> writtenBesidePasses(besideSteps).apply(failing.apply(real)))) {
      PromptTokens prompt = PromptTokens.of(1, 2, 3);
      KvReservation first = get(decode.engine.reserve(new Attempt("a", 1), prompt));
      KvReservation second = get(decode.engine.reserve(new Attempt("b", 1), prompt));
      if (besideSteps) {
        assertThat(codeOf(() -> store(decode, first))).isEqualTo(Code.INTERNAL);
      } else {
        store(decode, first);
      }
      get(decode.engine.checkIntegrity()); // the engine thread has heard of it
      assertThatThrownBy(() -> get(decode.engine.commit(first.handle())))
          .isInstanceOfSatisfying(
              EngineException.class, e -> assertThat(e.code()).isEqualTo(Code.UNKNOWN_KV_HANDLE));
      store(decode, second);
      decode.engine.renew(second.handle());
      get(decode.engine.commit(second.handle()));
      assertThat(get(decode.engine.release(second.handle()))).isTrue();
      assertThat(decode.engine.failure()).isEmpty();
      decode.assertIdle();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anEngineThatHasEndedSaysWhy(boolean besideSteps) {
    EngineFixture decode = new EngineFixture(writtenBesidePasses(besideSteps));
    KvReservation reservation =
        get(decode.engine.reserve(new Attempt("a", 1), PromptTokens.of(1, 2, 3)));
    decode.close();
    assertThat(codeOf(() -> store(decode, reservation))).isEqualTo(Code.SHUTTING_DOWN);
    assertThat(codeOf(() -> decode.engine.renew(reservation.handle())))
        .isEqualTo(Code.SHUTTING_DOWN);
  }

  /** Until the engine is in a step that the gate holds: it answers nothing then. */
  private static void awaitStep(EngineFixture engine) throws Exception {
    for (int i = 0; i < 100; i++) {
      try {
        engine.engine.checkIntegrity().get(100, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        return;
      }
    }
    throw new AssertionError("no step began");
  }
}
