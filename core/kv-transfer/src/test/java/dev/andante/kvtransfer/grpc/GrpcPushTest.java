package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.andante.engine.EngineException.Code;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.protocol.v1.KvData;
import dev.andante.protocol.v1.KvFrame;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever happens to the link, a transfer ends, with the right failure, and nothing is kept. */
class GrpcPushTest extends PushTestBase {

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1 << 20})
  void whatIsSentIsWhatIsStored(int maxFrameBytes) {
    byte[][] sent = new byte[TOKENS][];
    KvOutbound push = open(channel, FORMAT, maxFrameBytes, TIMEOUT);
    await(push.granted());
    for (int token = 0; token < TOKENS; token++) {
      sent[token] = kvOf(token);
      push.send(token, 1, LaidOutKv.of(sent[token]));
    }
    push.commit();
    KvReceipt receipt = await(push.finished());
    assertThat(receipt.bytes()).isEqualTo(FakeEngine.LAYOUT.bytesPerToken() * TOKENS);
    assertThat(receipt.exposedMicros()).isLessThanOrEqualTo(receipt.transferMicros());
    byte[] stored = engine.contentOf(HANDLE);
    int row = FakeEngine.LAYOUT.headDim() * 4;
    for (int token = 0; token < TOKENS; token++) {
      int at = 0;
      for (int layer = 0; layer < FakeEngine.LAYOUT.layers(); layer++) {
        for (int half = 0; half < 2; half++) {
          for (int head = 0; head < FakeEngine.LAYOUT.kvHeads(); head++) {
            int to = FakeEngine.offset(TOKENS, layer, half, head, token);
            assertThat(java.util.Arrays.copyOfRange(stored, to, to + row))
                .isEqualTo(java.util.Arrays.copyOfRange(sent[token], at, at + row));
            at += row;
          }
        }
      }
    }
    assertThat(engine.committed()).containsExactly(HANDLE);
    assertThat(engine.releasesOf(HANDLE)).isZero();
  }

  @Test
  void theBufferHandedOverMayBeReusedAtOnce() {
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    byte[] buffer = kvOf(0);
    for (int token = 0; token < TOKENS; token++) {
      java.util.Arrays.fill(buffer, (byte) token);
      push.send(token, 1, LaidOutKv.of(buffer));
    }
    java.util.Arrays.fill(buffer, (byte) 99);
    push.commit();
    await(push.finished());
    byte[] stored = engine.contentOf(HANDLE);
    for (int token = 0; token < TOKENS; token++) {
      assertThat(stored[FakeEngine.offset(TOKENS, 2, 1, 1, token)]).isEqualTo((byte) token);
    }
  }

  @Test
  void cachedTokensAreNotSent() {
    engine.withCached(4);
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    assertThat(await(push.granted()).cachedTokens()).isEqualTo(4);
    sendAll(push);
    push.commit();
    assertThat(await(push.finished()).bytes())
        .isEqualTo(FakeEngine.LAYOUT.bytesPerToken() * (TOKENS - 4));
  }

  @Test
  void aPromptThatTheReceiverHasWholeIsCommittedWithoutAFrame() {
    engine.withCached(TOKENS);
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    push.commit();
    KvReceipt receipt = await(push.finished());
    assertThat(receipt.bytes()).isZero();
    assertThat(receipt.transferMicros()).isZero();
    assertThat(engine.committed()).containsExactly(HANDLE);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, TOKENS + 1})
  void aGrantThatCannotBeEndsTheTransfer(int cached) {
    engine.withLease(1_000);
    engine.withCached(cached);
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    assertThat(failureOf(push.granted()).code()).isEqualTo(KvTransferException.PROTOCOL);
    awaitNothingHeld();
  }

  @ParameterizedTest
  @MethodSource("faults")
  void aFaultyLinkNeverHangsAndNeverLeaks(
      String what, String code, BiFunction<Integer, KvFrame, List<KvFrame>> fault) {
    Channel faulty = ClientInterceptors.intercept(channel, new FaultLink(fault));
    KvOutbound push = open(faulty, FORMAT, 1 << 20, Duration.ofSeconds(2));
    var _ =
        push.granted()
            .whenComplete(
                (grant, error) -> {
                  if (grant != null) {
                    sendAll(push);
                    push.commit();
                  }
                });
    if (code.isEmpty()) {
      await(push.finished());
      assertThat(engine.releasesOf(HANDLE)).isZero();
    } else {
      assertThat(failureOf(push.finished()).code()).as(what).isEqualTo(code);
      awaitNothingHeld();
      assertThat(engine.releasesOf(HANDLE)).as("releases").isLessThanOrEqualTo(1);
    }
  }

  static Stream<Arguments> faults() {
    return Stream.of(
        fault("nothing", "", (n, frame) -> List.of(frame)),
        fault("duplicate data", "", (n, frame) -> frame.hasData() ? twice(frame) : one(frame)),
        fault("drop open", "deadline_exceeded", (n, frame) -> n == 0 ? List.of() : one(frame)),
        fault("drop data", "bad_frame", (n, frame) -> n == 2 ? List.of() : one(frame)),
        fault(
            "drop the last data", "bad_frame", (n, frame) -> n == TOKENS ? List.of() : one(frame)),
        fault("drop commit", "bad_frame", (n, frame) -> frame.hasCommit() ? List.of() : one(frame)),
        fault("corrupt data", "bad_frame", (n, frame) -> n == 3 ? one(damaged(frame)) : one(frame)),
        fault(
            "another prompt",
            "bad_frame",
            (n, frame) -> n == 0 ? one(reworded(frame)) : one(frame)),
        fault("data moved", "bad_frame", (n, frame) -> n == 3 ? one(moved(frame)) : one(frame)),
        fault("reorder", "bad_frame", reordering()),
        fault(
            "second open", "bad_frame", (n, frame) -> frame.hasOpen() ? twice(frame) : one(frame)),
        fault(
            "empty frame",
            "bad_frame",
            (n, frame) -> n == 2 ? one(KvFrame.getDefaultInstance()) : one(frame)),
        fault(
            "data for open",
            "bad_frame",
            (n, frame) ->
                n == 0
                    ? one(KvFrame.newBuilder().setData(KvData.getDefaultInstance()).build())
                    : one(frame)));
  }

  private static Arguments fault(
      String what, String code, BiFunction<Integer, KvFrame, List<KvFrame>> change) {
    return Arguments.of(what, code, change);
  }

  private static List<KvFrame> one(KvFrame frame) {
    return List.of(frame);
  }

  private static List<KvFrame> twice(KvFrame frame) {
    return List.of(frame, frame);
  }

  private static BiFunction<Integer, KvFrame, List<KvFrame>> reordering() {
    List<KvFrame> held = new ArrayList<>();
    return (n, frame) -> {
      if (n == 2) {
        held.add(frame);
        return List.of();
      }
      return n == 3 ? List.of(frame, held.getFirst()) : List.of(frame);
    };
  }

  private static KvFrame damaged(KvFrame frame) {
    byte[] bytes = frame.getData().getPayload().toByteArray();
    bytes[bytes.length / 2] ^= 1;
    return frame.toBuilder()
        .setData(frame.getData().toBuilder().setPayload(ByteString.copyFrom(bytes)))
        .build();
  }

  private static KvFrame moved(KvFrame frame) {
    return frame.toBuilder().setData(frame.getData().toBuilder().setFirstToken(1)).build();
  }

  private static KvFrame reworded(KvFrame frame) {
    return frame.toBuilder().setOpen(frame.getOpen().toBuilder().setTokens(2, 7)).build();
  }

  @Test
  void aSenderThatComputesKeepsItsLeaseByHeartbeats() {
    engine.withLease(2_000);
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    for (int i = 0; i < 4000 && engine.renewalsOf(HANDLE) < 2; i++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(engine.renewalsOf(HANDLE)).isGreaterThanOrEqualTo(2);
    sendAll(push);
    push.commit();
    await(push.finished());
  }

  @ParameterizedTest
  @ValueSource(strings = {"before the grant", "after the grant", "after data", "after commit"})
  void cancelAtEachStageFreesOnce(String stage) throws InterruptedException {
    engine.withLease(1_000); // a call that is cancelled after its commit looks broken
    CountDownLatch gate = new CountDownLatch(stage.equals("before the grant") ? 1 : 0);
    engine.holdUntil(gate);
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    if (stage.equals("before the grant")) {
      for (int i = 0; i < 2000 && engine.asked() == 0; i++) {
        LockSupport.parkNanos(5_000_000);
      }
    } else {
      await(push.granted());
    }
    if (stage.equals("after data") || stage.equals("after commit")) {
      sendAll(push);
    }
    if (stage.equals("after commit")) {
      await(push.keptAtMost(0));
      CountDownLatch late = new CountDownLatch(1);
      engine.holdUntil(late);
      push.commit();
      push.cancel("the caller left");
      assertThat(breaks.await()).isTrue(); // else the answer could pass the cancellation
      late.countDown();
    } else {
      push.cancel("the caller left");
      gate.countDown();
    }
    assertThat(failureOf(push.finished()).code()).isEqualTo(KvTransferException.CANCELLED);
    push.cancel("twice");
    awaitNothingHeld();
    assertThat(engine.releasesOf(HANDLE)).isLessThanOrEqualTo(1);
  }

  @Test
  void aRefusalCarriesItsCode() {
    engine.refusing(Code.SATURATED);
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    assertThat(failureOf(push.granted()).code()).isEqualTo("saturated");
    KvTransferException failure = failureOf(push.finished());
    assertThat(failure.retryable()).isTrue();
    assertThat(EngineFailures.toStatus(failure).getStatus().getCode())
        .isEqualTo(io.grpc.Status.Code.RESOURCE_EXHAUSTED);
  }

  @Test
  void aMismatchNamesBothSides() {
    KvFormat other = KvFormat.of(FakeEngine.LAYOUT, "another model", "reference");
    KvTransferException failure = failureOf(open(channel, other, 1 << 20, TIMEOUT).granted());
    assertThat(failure.code()).isEqualTo("handshake_mismatch");
    assertThat(failure).hasMessageContaining("another model").hasMessageContaining("model");
    assertThat(EngineFailures.toStatus(failure).getStatus().getCode())
        .isEqualTo(io.grpc.Status.Code.FAILED_PRECONDITION);
  }

  @Test
  void anUnreachableReceiverIsUnavailable() {
    server.shutdownNow();
    KvTransferException failure = failureOf(open(channel, FORMAT, 1 << 20, TIMEOUT).granted());
    assertThat(failure.code()).isEqualTo(KvTransferException.UNAVAILABLE);
    assertThat(failure.retryable()).isTrue();
  }

  @Test
  @Tag("slow")
  void aReceiverThatStopsMidwayFailsTheTransfer() {
    engine.withLease(1_000);
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    push.send(0, 1, LaidOutKv.of(kvOf(0)));
    server.shutdownNow();
    assertThat(failureOf(push.finished()).retryable()).isTrue();
    awaitNothingHeld();
  }

  @Test
  void aStuckReceiverEndsWithTheDeadline() {
    CountDownLatch never = new CountDownLatch(1);
    engine.holdUntil(never);
    KvOutbound push = open(channel, FORMAT, 1 << 20, Duration.ofMillis(200));
    assertThat(failureOf(push.granted()).code()).isEqualTo(KvTransferException.DEADLINE_EXCEEDED);
    never.countDown();
    awaitNothingHeld();
  }

  @Test
  void sendNeverBlocksHoweverSlowTheReceiverIs() {
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdUntil(gate);
    sendAll(push); // returns although nothing is stored
    push.commit();
    assertThat(push.finished()).isNotDone();
    gate.countDown();
    await(push.finished());
  }

  @Test
  void moreThanThePromptIsRefusedBySender() {
    engine.withLease(1_000);
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    sendAll(push);
    push.send(0, 1, LaidOutKv.of(kvOf(0)));
    assertThat(failureOf(push.finished()).code()).isEqualTo(KvTransferException.PROTOCOL);
    awaitNothingHeld();
  }
}
