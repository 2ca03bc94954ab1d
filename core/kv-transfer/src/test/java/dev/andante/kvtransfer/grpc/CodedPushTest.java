package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.andante.compute.KvLayout;
import dev.andante.engine.Attempt;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.CodedRows;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import dev.andante.kvtransfer.KvRun;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvData;
import dev.andante.protocol.v1.KvFrame;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** KV in eight bits between ends that both know of it, and not between others. */
class CodedPushTest extends PushTestBase {

  private static final KvLayout LAYOUT = FakeEngine.LAYOUT;
  private static final int FRAME = 1 << 20;

  private KvOutbound open(Channel over, String request, int maxFrameBytes) {
    return new GrpcKvSender(
            target -> over, LAYOUT, FORMAT, links, executor, sender, maxFrameBytes, KvCoding.Q8)
        .open(name, new Attempt(request, 0), new PromptTokens(new int[TOKENS], 0), TIMEOUT);
  }

  private static byte[] elements(int token) {
    return CodedRows.elements(LAYOUT, LAYOUT.layers(), token);
  }

  private static void send(KvOutbound push, int from, int to) {
    for (int token = from; token < to; token++) {
      push.send(token, 1, new LaidOutKv(LAYOUT.layers(), MemorySegment.ofArray(elements(token))));
    }
  }

  private void assertStored(String handle, UnaryOperator<byte[]> way) {
    byte[] stored = engine.contentOf(handle);
    int row = LAYOUT.headDim() * LAYOUT.dtype().blockBytes();
    for (int token = 0; token < TOKENS; token++) {
      byte[] expected = way.apply(elements(token));
      int at = 0;
      for (int layer = 0; layer < LAYOUT.layers(); layer++) {
        for (int half = 0; half < 2; half++) {
          for (int head = 0; head < LAYOUT.kvHeads(); head++) {
            int to = FakeEngine.offset(TOKENS, layer, half, head, token);
            assertThat(Arrays.copyOfRange(stored, to, to + row))
                .as("token %d, layer %d", token, layer)
                .isEqualTo(Arrays.copyOfRange(expected, at, at + row));
            at += row;
          }
        }
      }
    }
  }

  private static byte[] eightBits(byte[] elements) {
    return CodedRows.throughEightBits(LAYOUT, elements);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, FRAME})
  void whatIsStoredIsWhatEightBitsMakeOfIt(int maxFrameBytes) {
    KvOutbound push = open(channel, "r", maxFrameBytes);
    assertThat(await(push.granted()).coding()).isEqualTo(KvCoding.Q8);
    send(push, 0, TOKENS);
    push.commit();
    KvReceipt receipt = await(push.finished());
    assertThat(receipt.bytes())
        .isEqualTo(KvCoding.Q8.bytes(LAYOUT, (long) TOKENS * LAYOUT.layers()));
    assertStored(HANDLE, CodedPushTest::eightBits);
    assertThat(engine.sources()).containsExactly(KvSource.OTHER);
  }

  /** Handed over before it is known how the receiver wants it. */
  @Test
  void whatWaitsForTheGrantIsCodedToo() {
    engine.refusing(dev.andante.engine.EngineException.Code.SATURATED);
    KvOutbound push =
        new GrpcKvSender(
                target -> channel, LAYOUT, FORMAT, links, executor, sender, FRAME, KvCoding.Q8)
            .open(
                name, new Attempt("r", 0), new PromptTokens(new int[TOKENS], 0), TIMEOUT, TIMEOUT);
    await(push.waiting());
    send(push, 0, TOKENS);
    push.commit();
    engine.makeRoom();
    await(push.finished());
    assertStored(HANDLE, CodedPushTest::eightBits);
  }

  @Test
  void aStreamThatGoesOnKeepsToItsCoding() {
    BreakingLink link =
        new BreakingLink((call, ack) -> call == 0 && ack.getReceived().getNextSequence() >= 3);
    KvOutbound push = open(ClientInterceptors.intercept(channel, link), "r", FRAME);
    await(push.granted());
    send(push, 0, 6);
    await(push.keptAtMost(0));
    assertThat(link.calls()).hasSizeGreaterThanOrEqualTo(2);
    send(push, 6, TOKENS);
    push.commit();
    assertThat(await(push.finished()).grant().coding()).isEqualTo(KvCoding.Q8);
    assertThat(sender.count).hasValue(1);
    assertThat(link.calls().get(1).getFirst().getOpen().getCodingsList()).containsExactly("q8");
    assertStored(HANDLE, CodedPushTest::eightBits);
    assertThat(engine.sources()).as("reserved once").containsExactly(KvSource.OTHER);
  }

  /** It reads over what it does not know, and its grant says nothing of it. */
  @Test
  void aReceiverThatKnowsNoCodingGetsKvAsItIs() {
    FaultLink older =
        new FaultLink(
            (n, frame) ->
                List.of(
                    frame.hasOpen()
                        ? frame.toBuilder()
                            .setOpen(frame.getOpen().toBuilder().clearCodings())
                            .build()
                        : frame));
    KvOutbound push = open(ClientInterceptors.intercept(channel, older), "r", FRAME);
    assertThat(await(push.granted()).coding()).isEqualTo(KvCoding.AS_IS);
    send(push, 0, TOKENS);
    push.commit();
    assertThat(await(push.finished()).bytes()).isEqualTo(TOKENS * LAYOUT.bytesPerToken());
    assertStored(HANDLE, UnaryOperator.identity());
    assertThat(engine.sources()).containsExactly(KvSource.EQUAL);
  }

  @Test
  void aCodingThatWasNotOfferedEndsTheTransfer() {
    Channel strange = ClientInterceptors.intercept(channel, wanting(call -> "q4"));
    KvTransferException failure = failureOf(open(strange, "r", FRAME).granted());
    assertThat(failure.code()).isEqualTo(KvTransferException.PROTOCOL);
    assertThat(failure)
        .hasMessageContaining("wants KV coded as \"q4\", which was not offered; offered was [q8]");
    awaitNothingHeld();
  }

  @Test
  void aReceiverThatWantsTheRestInAnotherCodingEndsTheTransfer() {
    BreakingLink link = new BreakingLink((call, ack) -> call == 0 && ack.hasReceived());
    Channel fickle =
        ClientInterceptors.intercept(channel, wanting(call -> call == 0 ? "q8" : ""), link);
    KvOutbound push = open(fickle, "r", FRAME);
    await(push.granted());
    send(push, 0, 1);
    KvTransferException failure = failureOf(push.finished());
    assertThat(failure.code()).isEqualTo(KvTransferException.PROTOCOL);
    assertThat(failure).hasMessageContaining("after it wanted the beginning coded as \"q8\"");
    awaitNothingHeld();
  }

  private static AnswerLink wanting(java.util.function.IntFunction<String> coding) {
    return new AnswerLink(
        (call, ack) ->
            ack.hasGranted()
                ? KvAck.newBuilder()
                    .setGranted(ack.getGranted().toBuilder().setCoding(coding.apply(call)))
                    .build()
                : ack);
  }

  /** Intact and of the wrong size; another transfer is on the same connection. */
  @Test
  void aPayloadOfAnotherSizeEndsItsTransferOnly() {
    FaultLink cutting =
        new FaultLink(
            (n, frame) -> List.of(n == 3 && frame.hasData() ? cut(frame.getData()) : frame));
    KvOutbound bad = open(ClientInterceptors.intercept(channel, cutting), "bad", FRAME);
    KvOutbound good = open(channel, "good", FRAME);
    await(bad.granted());
    await(good.granted());
    send(good, 0, 5);
    send(bad, 0, TOKENS);
    bad.commit();
    KvTransferException failure = failureOf(bad.finished());
    assertThat(failure.code()).isEqualTo("bad_frame");
    assertThat(failure).hasMessageContaining("frame of 71 bytes where 72 were due");
    send(good, 5, TOKENS);
    good.commit();
    await(good.finished());
    assertStored("good#0", CodedPushTest::eightBits);
    assertThat(engine.releasesOf("bad#0")).isEqualTo(1);
    assertThat(engine.reservationsHeld()).as("the good one's").isEqualTo(1);
  }

  private static KvFrame cut(KvData data) {
    ByteString payload = data.getPayload();
    byte[] shorter = payload.substring(0, payload.size() - 1).toByteArray();
    return KvWire.data(
        KvRun.of(
            data.getSequence(),
            data.getFirstToken(),
            data.getTokenCount(),
            data.getFirstLayer(),
            data.getLayerCount(),
            ByteBuffer.wrap(shorter)));
  }

  /** Memory goes from one to the other, of runs as they are and coded, sent and come. */
  @Test
  void manyPushesShareMemoryAndNothingElse() {
    GrpcKvSender shared =
        new GrpcKvSender(
            target -> channel, LAYOUT, FORMAT, links, executor, sender, 1, KvCoding.Q8);
    CountDownLatch gate = new CountDownLatch(1);
    AtomicInteger number = new AtomicInteger();
    List<KvOutbound> pushes =
        java.util.stream.Stream.generate(
                () ->
                    shared.open(
                        name,
                        new Attempt("p" + number.getAndIncrement(), 0),
                        new PromptTokens(new int[TOKENS], 0),
                        TIMEOUT))
            .limit(6)
            .toList();
    pushes.forEach(push -> await(push.granted()));
    engine.holdUntil(gate);
    for (int token = 0; token < TOKENS; token++) {
      for (KvOutbound push : pushes) {
        send(push, token, token + 1);
      }
    }
    engine.awaitStoresAsked(6);
    gate.countDown();
    pushes.forEach(KvOutbound::commit);
    pushes.forEach(push -> await(push.finished()));
    for (int i = 0; i < pushes.size(); i++) {
      assertStored("p" + i + "#0", CodedPushTest::eightBits);
    }
  }
}
