package dev.andante.kvtransfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class KvInboundTest {

  private static final KvFormat FORMAT = KvFormat.of(FakeEngine.LAYOUT, "model", "reference");
  private static final Attempt ATTEMPT = new Attempt("r", 0);
  private static final String HANDLE = "r#0";

  private final FakeEngine engine = new FakeEngine();
  private final List<String> failures = new ArrayList<>();
  private final AtomicInteger resumed = new AtomicInteger();
  private final KvReceiver receiver =
      new KvReceiver(
          engine,
          FORMAT,
          new KvTransferObserver() {
            @Override
            public void onFailed(String reason) {
              failures.add(reason);
            }

            @Override
            public void onResumed() {
              resumed.incrementAndGet();
            }
          });

  @AfterEach
  void stop() {
    engine.close();
  }

  @Test
  void storesAndCommits() {
    KvInbound inbound = open(6);
    assertThat(await(inbound.reservation()).handle()).isEqualTo(HANDLE);
    assertThat(inbound.state()).isEqualTo(TransferState.RESERVED);
    assertThat(inbound.store(run(0, 0, 4))).isEqualTo(1);
    assertThat(inbound.state()).isEqualTo(TransferState.STREAMING);
    assertThat(inbound.store(run(1, 4, 2))).isEqualTo(2);
    await(inbound.commit(2, 6));
    assertThat(inbound.state()).isEqualTo(TransferState.COMMITTED);
    assertThat(engine.committed()).containsExactly(HANDLE);
    assertThat(engine.releasesOf(HANDLE)).isZero();
  }

  @Test
  void aRepeatedFrameIsANoOp() {
    KvInbound inbound = opened(6);
    inbound.store(run(0, 0, 4));
    byte[] before = engine.contentOf(HANDLE);
    KvRun repeated = new KvRun(0, 0, 4, 0, 3, 0, ByteBuffer.allocate(1));
    assertThat(inbound.store(repeated)).isEqualTo(1);
    assertThat(engine.contentOf(HANDLE)).isEqualTo(before);
    inbound.store(run(1, 4, 2));
    await(inbound.commit(2, 6));
  }

  @ParameterizedTest
  @MethodSource("badRuns")
  void aBadFrameEndsTheTransferAndFreesOnce(String why, KvRun bad) {
    KvInbound inbound = opened(6);
    inbound.store(run(0, 0, 4));
    assertThat(failureToStore(inbound, bad).code()).as(why).isEqualTo(Code.BAD_FRAME);
    assertThat(inbound.state()).isEqualTo(TransferState.FAILED);
    assertThat(failureToStore(inbound, run(1, 4, 2)).code()).isEqualTo(Code.BAD_FRAME);
    inbound.cancel("again");
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
    assertThat(engine.reservationsHeld()).isZero();
    assertThat(failures).containsExactly("bad_frame");
  }

  static Stream<Arguments> badRuns() {
    KvRun good = run(1, 4, 2);
    ByteBuffer damaged = ByteBuffer.allocate(good.payload().remaining()).put(0, (byte) 77);
    return Stream.of(
        Arguments.of("hole", run(2, 4, 2)),
        Arguments.of("checksum", new KvRun(1, 4, 2, 0, 3, good.crc32c(), damaged)),
        Arguments.of("elsewhere", new KvRun(1, 0, 2, 0, 3, good.crc32c(), good.payload())),
        Arguments.of("past the prompt", run(1, 4, 3)),
        Arguments.of("negative token", run(1, -1, 1)),
        Arguments.of("token overflow", run(1, Integer.MAX_VALUE, 2)),
        Arguments.of("no tokens", new KvRun(1, 4, 0, 0, 3, 0, ByteBuffer.allocate(0))),
        Arguments.of("across blocks", run(1, 3, 2)),
        Arguments.of("layer", new KvRun(1, 4, 2, 1, 3, good.crc32c(), good.payload())),
        Arguments.of("negative layer", new KvRun(1, 4, 2, -1, 3, good.crc32c(), good.payload())),
        Arguments.of(
            "layer overflow",
            new KvRun(1, 4, 2, 1, Integer.MAX_VALUE, good.crc32c(), good.payload())),
        Arguments.of("size", new KvRun(1, 4, 2, 0, 2, good.crc32c(), good.payload())));
  }

  @Test
  void aCommitOfOtherThanWhatCameIsABadFrame() {
    KvInbound tooFew = opened(6);
    tooFew.store(run(0, 0, 4));
    assertThat(failureOf(tooFew.commit(2, 6)).code()).isEqualTo(Code.BAD_FRAME);
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
  }

  @Test
  void aCommitOfAnotherPromptLengthIsABadFrame() {
    KvInbound inbound = opened(6);
    inbound.store(run(0, 0, 4));
    assertThat(failureOf(inbound.commit(1, 4)).code()).isEqualTo(Code.BAD_FRAME);
  }

  /** Of the stream before, which was slow to store the last run that it accepted. */
  @Test
  void aCommitWaitsForTheRunBeforeIt() throws InterruptedException {
    KvInbound inbound = opened(4);
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdUntil(gate);
    Thread storing = Thread.ofPlatform().start(() -> inbound.store(run(0, 0, 4)));
    engine.awaitStoresAsked(1);
    Thread committing = Thread.ofPlatform().start(() -> await(inbound.commit(1, 4)));
    assertThat(engine.isCommitAskedWithin(Duration.ofMillis(50))).isFalse();
    gate.countDown();
    assertThat(storing.join(Duration.ofSeconds(10))).isTrue();
    assertThat(committing.join(Duration.ofSeconds(10))).isTrue();
    assertThat(engine.committed()).containsExactly(HANDLE);
  }

  @Test
  void whatWasAcceptedAndCouldNotBeStoredEndsTheTransfer() {
    KvInbound inbound = opened(4);
    Error error = new LinkageError("the test");
    engine.failingToStore(error);
    assertThat(assertThrows(LinkageError.class, () -> inbound.store(run(0, 0, 4)))).isSameAs(error);
    awaitNothingHeld();
    assertThat(failureOf(inbound.commit(1, 4)).code()).isEqualTo(Code.INTERNAL);
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
  }

  /** It may have been read from a stream that another one has followed. */
  @Test
  void aRunThatIsRepeatedAfterTheCommitChangesNothing() {
    KvInbound inbound = opened(4);
    inbound.store(run(0, 0, 4));
    await(inbound.commit(1, 4));
    assertThat(inbound.store(run(0, 0, 4))).isEqualTo(1);
    assertThat(inbound.state()).isEqualTo(TransferState.COMMITTED);
    assertThat(failureToStore(inbound, run(1, 4, 1)).code()).isEqualTo(Code.BAD_FRAME);
  }

  @Test
  void framesBeforeTheGrantAreBad() {
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdUntil(gate);
    KvInbound inbound = open(6);
    assertThat(failureToStore(inbound, run(0, 0, 4)).code()).isEqualTo(Code.BAD_FRAME);
    gate.countDown();
    awaitNothingHeld();
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
  }

  @Test
  void cancelWhileReservingFreesWhatIsMadeLater() {
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdUntil(gate);
    KvInbound inbound = open(6);
    inbound.cancel("the caller left");
    inbound.cancel("twice");
    gate.countDown();
    assertThat(failureOf(inbound.reservation())).hasMessageContaining("the caller left");
    awaitNothingHeld();
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
    assertThat(failures).containsExactly(KvTransferException.CANCELLED);
  }

  @Test
  void cancelAfterCommitFreesToo() {
    KvInbound inbound = opened(4);
    inbound.store(run(0, 0, 4));
    await(inbound.commit(1, 4));
    inbound.cancel("the sender never heard of it");
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
    assertThat(engine.reservationsHeld()).isZero();
  }

  @Test
  void aRefusalReservesNothing() {
    engine.refusing(Code.SATURATED);
    KvInbound inbound = open(6);
    assertThat(failureOf(inbound.reservation()).code()).isEqualTo(Code.SATURATED);
    assertThat(engine.releasesOf(HANDLE)).isZero();
    assertThat(failures).containsExactly("saturated");
  }

  @Test
  void anotherFormatIsRefusedBeforeTheEngineIsAsked() {
    KvInbound inbound =
        receiver.open(
            ATTEMPT, KvFormat.of(FakeEngine.LAYOUT, "other", "reference"), PromptTokens.of(1, 2));
    assertThat(failureOf(inbound.reservation()).code()).isEqualTo(Code.HANDSHAKE_MISMATCH);
    assertThat(engine.reservationsHeld()).isZero();
  }

  @Test
  void onlyKvOfEqualNumericsMayBeShared() {
    opened(6);
    KvFormat others = KvFormat.of(FakeEngine.LAYOUT, "model", "other kernels");
    await(receiver.open(new Attempt("s", 0), others, PromptTokens.of(1, 2)).reservation());
    assertThat(engine.sources()).containsExactly(KvSource.EQUAL, KvSource.OTHER);
  }

  @Test
  void anEngineThatCannotStoreEndsTheTransfer() {
    engine.failingToStore(Code.LEASE_EXPIRED);
    KvInbound inbound = opened(6);
    assertThat(failureToStore(inbound, run(0, 0, 4)).code()).isEqualTo(Code.LEASE_EXPIRED);
    assertThat(inbound.state()).isEqualTo(TransferState.EXPIRED);
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
  }

  @Test
  void aSilentSenderExpires() {
    engine.withLease(30);
    KvInbound inbound = opened(6);
    for (int i = 0; i < 2000 && !inbound.state().over(); i++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(inbound.state()).isEqualTo(TransferState.EXPIRED);
    assertThat(failureToStore(inbound, run(0, 0, 4)).code()).isEqualTo(Code.LEASE_EXPIRED);
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
  }

  /** Many leases long, beaten as fast as it goes so that no pause of this machine outlasts one. */
  @Test
  void aSenderThatIsAliveDoesNotExpire() {
    engine.withLease(500);
    KvInbound inbound = opened(6);
    long end = System.nanoTime() + 1_500_000_000L;
    while (System.nanoTime() < end) {
      inbound.beat();
    }
    assertThat(inbound.state()).isEqualTo(TransferState.RESERVED);
    assertThat(engine.renewalsOf(HANDLE)).isPositive();
    inbound.cancel("enough");
    inbound.beat();
    assertThat(inbound.state()).isEqualTo(TransferState.FAILED);
  }

  @Test
  void aBeatForAReservationThatIsGoneEndsTheTransfer() {
    KvInbound inbound = opened(6);
    await(engine.release(HANDLE));
    assertThat(assertThrows(EngineException.class, inbound::beat).code())
        .isEqualTo(Code.UNKNOWN_KV_HANDLE);
    assertThat(inbound.state()).isEqualTo(TransferState.FAILED);
  }

  @Test
  void aBrokenStreamIsTakenUpByTheNextOfTheSameAttempt() {
    KvInbound inbound = opened(6);
    int first = inbound.streams();
    inbound.store(run(0, 0, 4));
    inbound.suspend(first, "the connection was lost");
    assertThat(resumed).hasValue(0);
    assertThat(open(6)).isSameAs(inbound);
    assertThat(resumed).hasValue(1);
    assertThat(inbound.nextSequence()).isEqualTo(1);
    inbound.suspend(first, "noticed late");
    inbound.store(run(1, 4, 2));
    await(inbound.commit(2, 6));
    inbound.delivered();
    assertThat(open(6)).as("over").isNotSameAs(inbound);
    assertThat(resumed).hasValue(1);
    assertThat(engine.committed()).containsExactly(HANDLE);
  }

  @Test
  void aBrokenStreamThatNobodyTakesUpFreesOnce() {
    engine.withLease(20);
    KvInbound inbound = opened(6);
    inbound.suspend(inbound.streams(), "the connection was lost");
    awaitNothingHeld();
    assertThat(inbound.state().over()).isTrue();
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
  }

  @Test
  void anotherAttemptOrPromptTakesNothingUp() {
    KvInbound inbound = opened(6);
    PromptTokens prompt = new PromptTokens(new int[6], 0);
    assertThat(receiver.open(new Attempt("r", 1), FORMAT, prompt)).isNotSameAs(inbound);
    assertThat(open(5)).isNotSameAs(inbound);
    assertThat(resumed).hasValue(0);
  }

  @Test
  void beforeTheGrantABreakEndsIt() {
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdUntil(gate);
    KvInbound inbound = open(6);
    inbound.suspend(inbound.streams(), "the connection was lost");
    assertThat(inbound.state()).isEqualTo(TransferState.FAILED);
    gate.countDown();
    awaitNothingHeld();
  }

  private KvInbound open(int promptTokens) {
    return receiver.open(ATTEMPT, FORMAT, new PromptTokens(new int[promptTokens], 0));
  }

  private KvInbound opened(int promptTokens) {
    KvInbound inbound = open(promptTokens);
    await(inbound.reservation());
    return inbound;
  }

  /** Waits for a release that is on its way; it has been one by then. */
  private void awaitNothingHeld() {
    for (int i = 0; i < 2000 && engine.releasesOf(HANDLE) == 0; i++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(engine.reservationsHeld()).isZero();
  }

  private static KvRun run(long sequence, int firstToken, int tokens) {
    byte[] bytes = new byte[Math.toIntExact(FakeEngine.LAYOUT.bytesPerToken() * tokens)];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (sequence * 31 + i);
    }
    return KvRun.of(sequence, firstToken, tokens, 0, 3, ByteBuffer.wrap(bytes));
  }

  private static <T> T await(CompletableFuture<T> future) {
    return future.orTimeout(10, TimeUnit.SECONDS).join();
  }

  private static EngineException failureToStore(KvInbound inbound, KvRun run) {
    return assertThrows(EngineException.class, () -> inbound.store(run));
  }

  private static EngineException failureOf(CompletableFuture<?> future) {
    try {
      Object value = future.get(10, TimeUnit.SECONDS);
      throw new AssertionError("expected a failure, got " + value);
    } catch (ExecutionException e) {
      assertThat(e.getCause()).isInstanceOf(EngineException.class);
      return (EngineException) e.getCause();
    } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
      throw new AssertionError(e);
    }
  }
}
