package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.request;
import static dev.andante.engine.fake.EngineFixture.stop;
import static dev.andante.engine.fake.HandOff.fixture;
import static dev.andante.engine.fake.HandOff.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.Recorder;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Reservations that come to nothing: refused, without a commit, out of time, abandoned. */
class ReservationTest {

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
