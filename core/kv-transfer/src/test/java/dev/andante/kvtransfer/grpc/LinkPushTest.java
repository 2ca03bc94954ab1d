package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.kvtransfer.link.FrameProxy;
import dev.andante.kvtransfer.link.LinkServer;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvFrame;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever happens to frames that come beside their call: as for those that come on it. */
class LinkPushTest extends PushTestBase {

  private final BreakingLink call = new BreakingLink((_, _) -> false); // what gRPC carried

  @Override
  LinkServer linkServer() throws IOException {
    return new LinkServer(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1 << 20);
  }

  private Channel watched() {
    return ClientInterceptors.intercept(channel, call);
  }

  private Channel through(int port) {
    return ClientInterceptors.intercept(channel, new AnswerLink((_, ack) -> at(port, ack)), call);
  }

  /** A link is said to be at another port than its receiver says. */
  private static KvAck at(int port, KvAck ack) {
    if (!ack.getGranted().hasLink()) {
      return ack;
    }
    KvAck.Builder changed = ack.toBuilder();
    changed.getGrantedBuilder().getLinkBuilder().setPort(port);
    return changed.build();
  }

  private FrameProxy proxy(BiFunction<Integer, KvFrame, List<KvFrame>> change) throws IOException {
    return new FrameProxy(linkServer.port(), change);
  }

  private void assertAllStored() {
    int row = FakeEngine.LAYOUT.headDim() * 4;
    byte[] stored = engine.contentOf(HANDLE);
    for (int token = 0; token < TOKENS; token++) {
      int at = FakeEngine.offset(TOKENS, 0, 0, 0, token);
      assertThat(Arrays.copyOfRange(stored, at, at + row))
          .isEqualTo(Arrays.copyOf(kvOf(token), row));
    }
    assertThat(engine.releasesOf(HANDLE)).isZero();
  }

  private boolean grpcCarriedKv() {
    return call.calls().stream().flatMap(List::stream).anyMatch(KvFrame::hasData);
  }

  private void awaitFree(int connections) {
    for (int i = 0; i < 2000 && links.free() != connections; i++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(links.free()).isEqualTo(connections);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1 << 20})
  void whatIsSentIsWhatIsStored(int maxFrameBytes) {
    KvOutbound push = open(watched(), FORMAT, maxFrameBytes, TIMEOUT);
    await(push.granted());
    sendAll(push);
    push.commit();
    assertThat(await(push.finished()).bytes())
        .isEqualTo(FakeEngine.LAYOUT.bytesPerToken() * TOKENS);
    assertAllStored();
    assertThat(grpcCarriedKv()).isFalse();
    awaitFree(1);
    assertThat(linkServer.admitted()).isZero();
    assertThat(sender.linksFailed).hasValue(0);
  }

  @Test
  void aConnectionCarriesOneCallAfterTheOther() throws IOException {
    try (FrameProxy proxy = proxy((_, frame) -> List.of(frame))) {
      for (int i = 0; i < 4; i++) {
        KvOutbound push = open(through(proxy.port()), "r" + i);
        await(push.granted());
        sendAll(push);
        push.commit();
        await(push.finished());
        awaitFree(1);
      }
      assertThat(proxy.accepted()).isEqualTo(1);
      assertThat(grpcCarriedKv()).isFalse();
      assertThat(engine.committed()).hasSize(4);
    }
  }

  /** For one of several transfers. */
  private KvOutbound open(Channel over, String id) {
    return new GrpcKvSender(target -> over, FakeEngine.LAYOUT, FORMAT, links, executor, sender, 100)
        .open(target(), new Attempt(id, 0), new PromptTokens(new int[TOKENS], 0), TIMEOUT);
  }

  private static int portOf(FrameProxy proxy) {
    try {
      return proxy.port();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Those of {@link GrpcPushTest} that come after the grant; a commit that is lost says nothing.
   */
  static Stream<Arguments> faults() {
    Set<String> before = Set.of("drop open", "another prompt", "second open", "data for open");
    return GrpcPushTest.faults()
        .filter(fault -> !before.contains((String) fault.get()[0]))
        .map(
            fault ->
                fault.get()[0].equals("drop commit")
                    ? Arguments.of(fault.get()[0], "deadline_exceeded", fault.get()[2])
                    : fault);
  }

  @ParameterizedTest
  @MethodSource("faults")
  void aFaultyLinkNeverHangsAndNeverLeaks(
      String what, String code, BiFunction<Integer, KvFrame, List<KvFrame>> fault)
      throws IOException {
    engine.withLease(1_500);
    try (FrameProxy proxy = proxy(fault)) {
      KvOutbound push = open(through(proxy.port()), FORMAT, 1 << 20, Duration.ofSeconds(1));
      await(push.granted());
      sendAll(push);
      push.commit();
      if (code.isEmpty()) {
        await(push.finished());
        assertAllStored();
      } else {
        assertThat(failureOf(push.finished()).code()).as(what).isEqualTo(code);
        awaitNothingHeld();
        assertThat(engine.releasesOf(HANDLE)).as("releases").isLessThanOrEqualTo(1);
      }
      assertThat(grpcCarriedKv()).isFalse();
    }
    assertThat(linkServer.admitted()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, TOKENS, TOKENS + 1})
  void aLinkThatIsLostIsFollowedByACallWithoutOne(int frame) throws IOException {
    BiFunction<Integer, KvFrame, List<KvFrame>> cut =
        (number, each) -> {
          if (number == frame) {
            throw new IllegalStateException("the test cuts it");
          }
          return List.of(each);
        };
    try (FrameProxy proxy = proxy(cut)) {
      KvOutbound push = open(through(proxy.port()), FORMAT, 1 << 20, Duration.ofMinutes(1));
      await(push.granted());
      sendAll(push);
      push.commit();
      assertThat(await(push.finished()).grant().handle()).isEqualTo(HANDLE);
    }
    assertAllStored();
    assertThat(sender.count).hasValue(1);
    assertThat(receivers.count).hasValue(1);
    assertThat(call.calls()).hasSize(2);
    assertThat(call.calls().getFirst()).noneMatch(KvFrame::hasData);
  }

  @Test
  void whoCannotBeReachedThereGetsItOverGrpc() throws IOException {
    int nobody;
    try (ServerSocket socket = new ServerSocket(0)) {
      nobody = socket.getLocalPort();
    }
    LogLines log = new LogLines();
    try (log) {
      for (int i = 0; i < 2; i++) {
        KvOutbound push = open(through(nobody), "r" + i);
        await(push.granted());
        sendAll(push);
        push.commit();
        await(push.finished());
      }
    }
    assertThat(grpcCarriedKv()).isTrue();
    assertThat(sender.linksFailed).hasValue(2);
    assertThat(log.lines().stream().filter(line -> line.contains("no link to"))).hasSize(1);
    assertThat(linkServer.admitted()).isZero();
  }

  /** Its reader reads nothing; the sender's thread stands in a write. */
  @ParameterizedTest
  @ValueSource(strings = {"cancel", "deadline"})
  void aLinkThatTakesNothingHoldsNobodyUp(String end) throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    ExecutorService writers = Executors.newCachedThreadPool();
    engine.withLease(end.equals("cancel") ? 60_000 : 1_500);
    try (FrameProxy proxy =
        proxy(
            (_, frame) -> {
              awaitQuietly(never);
              return List.of(frame);
            })) {
      int tokens = 4_000; // more than any two sockets hold
      KvOutbound push =
          new GrpcKvSender(
                  target -> through(portOf(proxy)),
                  FakeEngine.LAYOUT,
                  FORMAT,
                  links,
                  writers,
                  sender,
                  1 << 20)
              .open(
                  target(),
                  new Attempt("r", 0),
                  new PromptTokens(new int[tokens], 0),
                  end.equals("deadline") ? Duration.ofSeconds(1) : TIMEOUT);
      await(push.granted());
      byte[] kv = kvOf(0);
      for (int token = 0; token < tokens; token++) {
        push.send(token, 1, LaidOutKv.of(kv));
      }
      if (end.equals("cancel")) {
        push.cancel("the caller left");
      }
      assertThat(failureOf(push.finished()).code())
          .isEqualTo(
              end.equals("cancel")
                  ? KvTransferException.CANCELLED
                  : KvTransferException.DEADLINE_EXCEEDED);
      awaitNothingHeld();
      if (end.equals("cancel")) { // it was told, rather than left to take it for broken
        assertThat(call.calls().getFirst()).anyMatch(KvFrame::hasCancel);
      }
      writers.shutdown();
      assertThat(writers.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    } finally {
      never.countDown();
      writers.shutdownNow();
    }
    assertThat(linkServer.admitted()).isZero();
    assertThat(links.free()).isZero();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"after the grant", "after data", "after commit"})
  void cancelAtEachStageFreesOnce(String stage) {
    engine.withLease(60_000);
    KvOutbound push = open(watched(), FORMAT, 1 << 20, TIMEOUT);
    await(push.granted());
    CountDownLatch late = new CountDownLatch(1);
    if (!stage.equals("after the grant")) {
      sendAll(push);
    }
    if (stage.equals("after commit")) {
      engine.holdUntil(late);
      push.commit();
    }
    push.cancel("the caller left");
    late.countDown();
    assertThat(failureOf(push.finished()).code()).isEqualTo(KvTransferException.CANCELLED);
    awaitNothingHeld();
    assertThat(engine.releasesOf(HANDLE)).isLessThanOrEqualTo(1);
    assertThat(linkServer.admitted()).isZero();
    assertThat(links.free()).isZero();
  }
}
