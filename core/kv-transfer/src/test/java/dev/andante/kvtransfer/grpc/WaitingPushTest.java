package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.EngineException.Code;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvTransferGrpc;
import dev.andante.protocol.v1.KvWaiting;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** KV that is there before its receiver has room for it. */
class WaitingPushTest extends PushTestBase {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(60);

  @BeforeEach
  void fill() {
    var _ = engine.refusing(Code.SATURATED);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4, TOKENS})
  void whatWasHandedOverBeforeTheGrantArrivesAfterIt(int cached) {
    engine.withCached(cached);
    KvOutbound push = open(channel, PATIENCE);
    await(push.waiting());
    sendAll(push);
    push.commit();
    assertThat(push.granted()).isNotDone();
    engine.makeRoom();
    KvReceipt receipt = await(push.finished());
    assertThat(receipt.bytes()).isEqualTo(FakeEngine.LAYOUT.bytesPerToken() * (TOKENS - cached));
    assertThat(receipt.grant().cachedTokens()).isEqualTo(cached);
    assertThat(engine.committed()).containsExactly("r#0");
    byte[] stored = engine.contentOf("r#0");
    for (int token = cached; token < TOKENS; token++) {
      assertThat(stored[FakeEngine.offset(TOKENS, 0, 0, 0, token)]).isEqualTo(kvOf(token)[0]);
    }
  }

  @Test
  void handingOverMayGoOnThroughTheGrant() {
    KvOutbound push = open(channel, PATIENCE);
    await(push.waiting());
    push.send(0, 1, LaidOutKv.of(kvOf(0)));
    engine.makeRoom();
    await(push.granted());
    for (int token = 1; token < TOKENS; token++) {
      push.send(token, 1, LaidOutKv.of(kvOf(token)));
    }
    push.commit();
    assertThat(await(push.finished()).bytes())
        .isEqualTo(FakeEngine.LAYOUT.bytesPerToken() * TOKENS);
  }

  @Test
  void whoDoesNotWaitIsRefusedAtOnce() {
    KvOutbound push = open(channel, Duration.ZERO);
    assertThat(failureOf(push.granted()).code()).isEqualTo("saturated");
    assertThat(engine.waiting()).isZero();
  }

  @Test
  void whoGivesUpLeavesTheLine() {
    KvOutbound push = open(channel, PATIENCE);
    await(push.waiting());
    sendAll(push);
    awaitInLine(1);
    push.cancel("the test");
    awaitInLine(0);
    engine.makeRoom();
    assertThat(engine.reservationsHeld()).isZero();
  }

  @Test
  @Tag("slow")
  void aSenderThatDiesLeavesTheLine() {
    KvOutbound push = open(channel, PATIENCE);
    await(push.waiting());
    awaitInLine(1);
    channel.shutdownNow();
    awaitInLine(0);
    assertThat(failureOf(push.finished()).retryable()).isTrue();
  }

  @Test
  void aBrokenConnectionLosesNothingThatWaits() {
    BreakingLink link = new BreakingLink((call, ack) -> false);
    KvOutbound push = open(ClientInterceptors.intercept(channel, link), PATIENCE);
    await(push.waiting());
    sendAll(push);
    push.commit();
    awaitInLine(1);
    link.breakNow();
    for (int wait = 0; wait < 4000 && link.calls().size() < 2; wait++) {
      LockSupport.parkNanos(5_000_000);
    }
    awaitInLine(1);
    engine.makeRoom();
    assertThat(await(push.finished()).bytes())
        .isEqualTo(FakeEngine.LAYOUT.bytesPerToken() * TOKENS);
    assertThat(engine.releasesOf("r#0")).isZero();
  }

  @Test
  void aDeadlineEndsTheWaitOnBothSides() {
    KvOutbound push = open(channel, PATIENCE, Duration.ofMillis(300));
    await(push.waiting());
    sendAll(push);
    assertThat(failureOf(push.finished()).code()).isEqualTo(KvTransferException.DEADLINE_EXCEEDED);
    awaitInLine(0);
  }

  /** As one that is stopped: its connection is open. */
  @Test
  void aSilentReceiverLosesItsClaim() throws IOException {
    String silent = InProcessServerBuilder.generateName();
    Server other = InProcessServerBuilder.forName(silent).addService(new Silent()).build().start();
    ManagedChannel there = InProcessChannelBuilder.forName(silent).build();
    try {
      KvOutbound push = open(there, PATIENCE);
      await(push.waiting());
      sendAll(push);
      push.commit();
      KvTransferException failure = failureOf(push.finished());
      assertThat(failure.code()).isEqualTo(KvTransferException.LEASE_EXPIRED);
      assertThat(failure.retryable()).isTrue();
    } finally {
      there.shutdownNow();
      other.shutdownNow();
    }
  }

  /** Makes everybody wait once, and says no more. */
  private static final class Silent extends KvTransferGrpc.KvTransferImplBase {
    @Override
    public StreamObserver<KvFrame> push(StreamObserver<KvAck> responses) {
      responses.onNext(
          KvAck.newBuilder().setWaiting(KvWaiting.newBuilder().setLeaseMillis(200)).build());
      return new StreamObserver<>() {
        @Override
        public void onNext(KvFrame frame) {}

        @Override
        public void onError(Throwable error) {}

        @Override
        public void onCompleted() {}
      };
    }
  }

  private KvOutbound open(Channel over, Duration patience) {
    return open(over, patience, LONG_ENOUGH);
  }

  private KvOutbound open(Channel over, Duration patience, Duration timeout) {
    return open(over, FORMAT, 1 << 20, timeout, patience);
  }

  private void awaitInLine(int expected) {
    for (int i = 0; i < 2000 && engine.waiting() != expected; i++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(engine.waiting()).isEqualTo(expected);
  }
}
