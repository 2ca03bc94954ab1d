package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.protocol.v1.KvData;
import dev.andante.protocol.v1.KvFrame;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever happens to the link, a transfer ends, with the right failure, and nothing is kept. */
class GrpcPushTest {

  private static final KvFormat FORMAT = KvFormat.of(FakeEngine.LAYOUT, "model", "reference");
  private static final String HANDLE = "r#0";
  private static final int TOKENS = 10;
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  /** How often transfers went on. */
  private static final class Resumptions implements KvTransferObserver {
    private final AtomicInteger count = new AtomicInteger();

    @Override
    public void onResumed() {
      count.incrementAndGet();
    }
  }

  private final FakeEngine engine = new FakeEngine();
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final String name = InProcessServerBuilder.generateName();
  private final CancelWatch breaks = new CancelWatch();
  private final Resumptions sender = new Resumptions();
  private final Resumptions receivers = new Resumptions();
  private volatile KvReceiver receiver = new KvReceiver(engine, FORMAT, receivers);
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    server =
        InProcessServerBuilder.forName(name)
            .addService(new KvTransferService(() -> receiver))
            .intercept(breaks)
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(name).build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
    executor.shutdownNow();
    engine.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1 << 20})
  void whatIsSentIsWhatIsStored(int maxFrameBytes) {
    byte[][] sent = new byte[TOKENS][];
    KvOutbound push = open(channel, FORMAT, maxFrameBytes, TIMEOUT);
    await(push.granted());
    for (int token = 0; token < TOKENS; token++) {
      sent[token] = kvOf(token);
      push.send(token, 1, MemorySegment.ofArray(sent[token]));
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
      push.send(token, 1, MemorySegment.ofArray(buffer));
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
  void aReceiverThatStopsMidwayFailsTheTransfer() {
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    push.send(0, 1, MemorySegment.ofArray(kvOf(0)));
    server.shutdownNow();
    assertThat(failureOf(push.finished()).retryable()).isTrue();
    awaitNothingHeld();
  }

  @Test
  void aBrokenConnectionIsResumedWithTheFirstMissingFrame() {
    BreakingLink link =
        new BreakingLink((call, ack) -> call == 0 && ack.getReceived().getNextSequence() >= 3);
    LogLines log = new LogLines();
    try (log) {
      KvOutbound push =
          open(ClientInterceptors.intercept(channel, link), FORMAT, 1 << 20, Duration.ofMinutes(1));
      await(push.granted());
      sendAll(push);
      awaitCalls(link, 2); // the first one could come to its end before it breaks
      push.commit();
      assertThat(await(push.finished()).grant().handle()).isEqualTo(HANDLE);
    }
    assertThat(sender.count).hasValue(1);
    assertThat(receivers.count).hasValue(1);
    assertThat(log.lines())
        .hasSize(2)
        .allMatch(line -> line.startsWith("INFO KV transfer of r, attempt 0, "))
        .allMatch(line -> line.matches(".*; frame \\d+ is next"));
    assertThat(link.calls()).hasSize(2);
    List<Long> again =
        link.calls().get(1).stream()
            .filter(KvFrame::hasData)
            .map(frame -> frame.getData().getSequence())
            .toList();
    assertThat(again.stream().allMatch(sequence -> sequence >= 3 && sequence < TOKENS)).isTrue();
    assertThat(again).isSorted();
    for (int token = 0; token < TOKENS; token++) {
      assertThat(engine.contentOf(HANDLE)[FakeEngine.offset(TOKENS, 0, 0, 0, token)])
          .isEqualTo(kvOf(token)[0]);
    }
    assertThat(engine.releasesOf(HANDLE)).isZero();
  }

  /** Calls break at any answer, while the memory of what was acknowledged goes to other pushes. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void whatIsSentAgainIsWhatWasHandedOver(int seed) {
    Random random = new Random(seed);
    AtomicInteger left = new AtomicInteger(4); // one transfer outlives that many
    BreakingLink link =
        new BreakingLink(
            (_, ack) -> ack.hasReceived() && random.nextInt(4) == 0 && left.getAndDecrement() > 0);
    GrpcKvSender shared =
        new GrpcKvSender(
            target -> ClientInterceptors.intercept(channel, link),
            FakeEngine.LAYOUT,
            FORMAT,
            executor,
            sender,
            1);
    int transfers = 6;
    List<KvOutbound> pushes = new ArrayList<>();
    for (int i = 0; i < transfers; i++) {
      pushes.add(
          shared.open(
              name, new Attempt("r" + i, 0), new PromptTokens(new int[TOKENS], 0), TIMEOUT));
    }
    pushes.forEach(push -> await(push.granted()));
    for (int token = 0; token < TOKENS; token++) {
      for (int i = 0; i < transfers; i++) {
        pushes.get(i).send(token, 1, MemorySegment.ofArray(kvOf(100 * i + token)));
      }
    }
    for (KvOutbound push : pushes) {
      await(push.stored()); // a commit whose answer is lost may fail
      push.commit();
    }
    int row = FakeEngine.LAYOUT.headDim() * 4;
    for (int i = 0; i < transfers; i++) {
      await(pushes.get(i).finished());
      byte[] stored = engine.contentOf("r" + i + "#0");
      for (int token = 0; token < TOKENS; token++) {
        int at = FakeEngine.offset(TOKENS, 0, 0, 0, token);
        assertThat(java.util.Arrays.copyOfRange(stored, at, at + row))
            .isEqualTo(java.util.Arrays.copyOf(kvOf(100 * i + token), row));
      }
    }
  }

  /** The grant of the next call says what the lost acknowledgement did not. */
  @Test
  void whatIsStoredIsKnownThoughItsAcknowledgementIsLost() {
    BreakingLink link =
        new BreakingLink((call, ack) -> call == 0 && ack.getReceived().getNextSequence() == TOKENS);
    KvOutbound push =
        open(ClientInterceptors.intercept(channel, link), FORMAT, 1 << 20, Duration.ofMinutes(1));
    await(push.granted());
    sendAll(push);
    await(push.stored());
    assertThat(link.calls()).hasSize(2);
    push.commit();
    await(push.finished());
  }

  /** The receiver commits while nobody is there to be told. */
  @Test
  void aCommitWhoseAnswerIsLostIsAskedForAgain() throws InterruptedException {
    BreakingLink link = new BreakingLink((call, ack) -> false);
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdCommitsUntil(gate);
    KvOutbound push =
        open(ClientInterceptors.intercept(channel, link), FORMAT, 1 << 20, Duration.ofMinutes(1));
    await(push.granted());
    sendAll(push);
    push.commit();
    assertThat(engine.awaitCommitAsked()).isTrue();
    link.breakNow();
    assertThat(breaks.await()).isTrue();
    gate.countDown();
    assertThat(await(push.finished()).grant().handle()).isEqualTo(HANDLE);
    assertThat(link.calls()).hasSize(2);
    assertThat(link.calls().get(1)).noneMatch(KvFrame::hasData).anyMatch(KvFrame::hasCommit);
    assertThat(engine.committed()).containsExactly(HANDLE, HANDLE);
    assertThat(engine.releasesOf(HANDLE)).isZero();
    assertThat(sender.count).hasValue(1);
  }

  /** As one that has told of the commit, or has been started again. */
  @Test
  void aReceiverThatHasForgottenTheTransferFailsIt() {
    BreakingLink link =
        new BreakingLink(
            (call, ack) -> {
              if (call != 0 || ack.getReceived().getNextSequence() < 3) {
                return false;
              }
              receiver = new KvReceiver(engine, FORMAT, receivers);
              return true;
            });
    KvOutbound push =
        open(ClientInterceptors.intercept(channel, link), FORMAT, 1 << 20, Duration.ofMinutes(1));
    await(push.granted());
    push.send(0, 1, MemorySegment.ofArray(kvOf(0)));
    await(push.stored()); // and gone
    for (int token = 1; token < TOKENS; token++) {
      push.send(token, 1, MemorySegment.ofArray(kvOf(token)));
    }
    push.commit();
    KvTransferException failure = failureOf(push.finished());
    assertThat(failure.code()).isEqualTo(KvTransferException.PROTOCOL);
    assertThat(failure).hasMessageContaining("wants frames again");
    assertThat(failure.retryable()).isTrue();
    awaitNothingHeld();
    assertThat(sender.count).hasValue(0);
    assertThat(receivers.count).hasValue(0);
  }

  @Test
  void aConnectionThatBreaksAgainAndAgainFails() {
    BreakingLink link = new BreakingLink((call, ack) -> ack.hasReceived());
    KvOutbound push =
        open(ClientInterceptors.intercept(channel, link), FORMAT, 1 << 20, Duration.ofMinutes(1));
    await(push.granted());
    push.send(0, 1, MemorySegment.ofArray(kvOf(0)));
    for (int i = 1; i < 6; i++) {
      awaitCalls(link, i + 1);
      push.send(i, 1, MemorySegment.ofArray(kvOf(i)));
    }
    KvTransferException failure = failureOf(push.finished());
    assertThat(failure.code()).isEqualTo(KvTransferException.UNAVAILABLE);
    assertThat(failure.retryable()).isTrue();
    awaitNothingHeld();
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
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
    KvOutbound push = open(channel, FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    sendAll(push);
    push.send(0, 1, MemorySegment.ofArray(kvOf(0)));
    assertThat(failureOf(push.finished()).code()).isEqualTo(KvTransferException.PROTOCOL);
    awaitNothingHeld();
  }

  private KvOutbound open(Channel over, KvFormat format, int maxFrameBytes, Duration timeout) {
    GrpcKvSender pusher =
        new GrpcKvSender(
            target -> over, FakeEngine.LAYOUT, format, executor, sender, maxFrameBytes);
    return pusher.open(name, new Attempt("r", 0), new PromptTokens(new int[TOKENS], 0), timeout);
  }

  private static void sendAll(KvOutbound push) {
    for (int token = 0; token < TOKENS; token++) {
      push.send(token, 1, MemorySegment.ofArray(kvOf(token)));
    }
  }

  private static byte[] kvOf(int token) {
    byte[] kv = new byte[Math.toIntExact(FakeEngine.LAYOUT.bytesPerToken())];
    new Random(token).nextBytes(kv);
    return kv;
  }

  private static void awaitCalls(BreakingLink link, int calls) {
    for (int wait = 0; wait < 4000 && link.calls().size() < calls; wait++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(link.calls()).hasSizeGreaterThanOrEqualTo(calls);
  }

  private void awaitNothingHeld() {
    for (int i = 0; i < 2000 && engine.reservationsHeld() > 0; i++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(engine.reservationsHeld()).isZero();
  }

  private static <T> T await(CompletableFuture<T> future) {
    return future.orTimeout(30, TimeUnit.SECONDS).join();
  }

  private static KvTransferException failureOf(CompletableFuture<?> future) {
    try {
      Object value = future.get(30, TimeUnit.SECONDS);
      throw new AssertionError("expected a failure, got " + value);
    } catch (ExecutionException e) {
      assertThat(e.getCause()).isInstanceOf(KvTransferException.class);
      return (KvTransferException) e.getCause();
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }
}
