package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.protocol.v1.KvFrame;
import io.grpc.ClientInterceptors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A transfer outlives the connection that carries it. */
class BrokenPushTest extends PushTestBase {

  @Test
  void aBrokenConnectionIsResumedWithTheFirstMissingFrame() {
    BreakingLink link = new BreakingLink((call, ack) -> false);
    LogLines log = new LogLines();
    CountDownLatch gate = new CountDownLatch(1);
    try (log) {
      KvOutbound push =
          open(ClientInterceptors.intercept(channel, link), FORMAT, 1 << 20, Duration.ofMinutes(1));
      await(push.granted());
      push.send(0, 1, LaidOutKv.of(kvOf(0)));
      push.send(1, 1, LaidOutKv.of(kvOf(1)));
      await(push.keptAtMost(0));
      engine.holdUntil(gate);
      for (int token = 2; token < TOKENS; token++) {
        push.send(token, 1, LaidOutKv.of(kvOf(token)));
      }
      engine.awaitStoresAsked(3);
      link.breakNow(); // while the third run is being stored
      gate.countDown();
      awaitCalls(link, 2);
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
    assertThat(again).isNotEmpty();
    assertThat(again.getFirst()).isGreaterThanOrEqualTo(3);
    assertThat(again).isEqualTo(LongStream.range(again.getFirst(), TOKENS).boxed().toList());
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
            (_, ack) -> ack.hasReceived() && random.nextBoolean() && left.getAndDecrement() > 0);
    GrpcKvSender shared =
        new GrpcKvSender(
            target -> ClientInterceptors.intercept(channel, link),
            FakeEngine.LAYOUT,
            FORMAT,
            links,
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
        pushes.get(i).send(token, 1, LaidOutKv.of(kvOf(100 * i + token)));
      }
    }
    for (KvOutbound push : pushes) {
      await(push.keptAtMost(0)); // a commit whose answer is lost may fail
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
    await(push.keptAtMost(0));
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
    push.send(0, 1, LaidOutKv.of(kvOf(0)));
    await(push.keptAtMost(0)); // and gone
    for (int token = 1; token < TOKENS; token++) {
      push.send(token, 1, LaidOutKv.of(kvOf(token)));
    }
    awaitCalls(link, 2);
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
  @Tag("slow")
  void aConnectionThatBreaksAgainAndAgainFails() {
    BreakingLink link = new BreakingLink((call, ack) -> ack.hasReceived());
    KvOutbound push =
        open(ClientInterceptors.intercept(channel, link), FORMAT, 1 << 20, Duration.ofMinutes(1));
    await(push.granted());
    push.send(0, 1, LaidOutKv.of(kvOf(0)));
    for (int i = 1; i < 6; i++) {
      awaitCalls(link, i + 1);
      push.send(i, 1, LaidOutKv.of(kvOf(i)));
    }
    KvTransferException failure = failureOf(push.finished());
    assertThat(failure.code()).isEqualTo(KvTransferException.UNAVAILABLE);
    assertThat(failure.retryable()).isTrue();
    awaitNothingHeld();
    assertThat(engine.releasesOf(HANDLE)).isEqualTo(1);
  }

  private static void awaitCalls(BreakingLink link, int calls) {
    for (int wait = 0; wait < 4000 && link.calls().size() < calls; wait++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(link.calls()).hasSizeGreaterThanOrEqualTo(calls);
  }
}
