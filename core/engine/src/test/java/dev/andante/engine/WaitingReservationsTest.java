package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.EngineFixture;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Reservations that wait for blocks: in order, not for ever, and leaving nothing. */
class WaitingReservationsTest {

  private static final Duration LONG = Duration.ofMinutes(5);

  private static final EngineConfig SMALL =
      DEFAULTS.toBuilder().blocks(24).maxWaiting(6).maxDraftTokens(0).build();

  private final EngineFixture fixture = new EngineFixture(SMALL, DraftSource.NONE);
  private final int poolTokens = SMALL.blocks() * SMALL.blockSize();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void blocksThatComeFreeGoToWhoWaits() {
    KvReservation hog = hog();
    CompletableFuture<KvReservation> waiting = later("w", 40);
    get(fixture.engine.checkIntegrity());
    assertThat(waiting).isNotDone();
    get(fixture.engine.release(hog.handle()));
    KvReservation made = get(waiting);
    assertThat(get(fixture.engine.release(made.handle()))).isTrue();
  }

  @Test
  void nobodyOvertakes() {
    KvReservation hog = get(fixture.engine.reserve(attempt("hog"), tokens(poolTokens - 20)));
    CompletableFuture<KvReservation> big = later("big", poolTokens / 2);
    CompletableFuture<KvReservation> small = later("small", 4);
    assertThatThrownBy(() -> get(fixture.engine.reserve(attempt("now"), tokens(4))))
        .as("there is room for four tokens")
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("others wait");
    get(fixture.engine.checkIntegrity());
    assertThat(big).isNotDone();
    assertThat(small).isNotDone();
    get(fixture.engine.release(hog.handle()));
    get(fixture.engine.release(get(big).handle()));
    get(fixture.engine.release(get(small).handle()));
  }

  @Test
  void whoLeavesMakesRoomForTheNext() {
    KvReservation hog = get(fixture.engine.reserve(attempt("hog"), tokens(poolTokens - 20)));
    CompletableFuture<KvReservation> big = later("big", poolTokens / 2);
    CompletableFuture<KvReservation> small = later("small", 4);
    big.cancel(false);
    get(fixture.engine.release(get(small).handle()));
    get(fixture.engine.release(hog.handle()));
    fixture.assertIdle();
  }

  @Test
  void patienceEnds() {
    KvReservation hog = hog();
    CompletableFuture<KvReservation> first = later("first", 40);
    CompletableFuture<KvReservation> second =
        fixture.engine.reserveLater(
            attempt("second"), tokens(40), KvSource.EQUAL, Duration.ofSeconds(1));
    get(fixture.engine.checkIntegrity());
    fixture.clock.advance(Duration.ofSeconds(2));
    assertThat(codeOf(second)).as("behind somebody with more").isEqualTo(Code.SATURATED);
    assertThat(first).isNotDone();
    first.cancel(false);
    get(fixture.engine.release(hog.handle()));
  }

  @Test
  void aNewerAttemptTakesThePlaceOfAnOlderOne() {
    KvReservation hog = hog();
    CompletableFuture<KvReservation> older = later("r", 40);
    CompletableFuture<KvReservation> newer =
        fixture.engine.reserveLater(new Attempt("r", 2), tokens(40), KvSource.EQUAL, LONG);
    assertThat(codeOf(older)).isEqualTo(Code.STALE_EPOCH);
    assertThat(codeOf(later("r", 40))).isEqualTo(Code.STALE_EPOCH);
    get(fixture.engine.release(hog.handle()));
    get(fixture.engine.release(get(newer).handle()));
  }

  @Test
  void noMoreWaitThanMay() {
    KvReservation hog = hog();
    for (int i = 0; i < SMALL.maxWaiting(); i++) {
      var _ = later("w" + i, 40);
    }
    assertThat(codeOf(later("one too many", 40))).isEqualTo(Code.SATURATED);
    get(fixture.engine.release(hog.handle()));
  }

  @Test
  void anEngineThatClosesLeavesNobodyWaiting() {
    var _ = hog();
    CompletableFuture<KvReservation> waiting = later("w", 40);
    get(fixture.engine.checkIntegrity());
    fixture.engine.close();
    assertThat(codeOf(waiting)).isEqualTo(Code.SHUTTING_DOWN);
  }

  /** Takes all of the pool. */
  private KvReservation hog() {
    return get(fixture.engine.reserve(attempt("hog"), tokens(poolTokens - 1)));
  }

  private CompletableFuture<KvReservation> later(String id, int length) {
    return fixture.engine.reserveLater(attempt(id), tokens(length), KvSource.EQUAL, LONG);
  }

  private static Attempt attempt(String id) {
    return new Attempt(id, 1);
  }

  private static PromptTokens tokens(int length) {
    return PromptTokens.of(prompt(length, length));
  }

  private static Code codeOf(CompletableFuture<?> future) {
    try {
      Object made = future.get(10, TimeUnit.SECONDS);
      throw new AssertionError("it came: " + made);
    } catch (ExecutionException e) {
      return ((EngineException) e.getCause()).code();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
