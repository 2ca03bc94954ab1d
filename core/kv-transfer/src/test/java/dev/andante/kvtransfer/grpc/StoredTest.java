package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.kvtransfer.link.Links;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A sender that wants to know what has arrived before it commits. */
class StoredTest {

  private static final KvFormat FORMAT = KvFormat.of(FakeEngine.LAYOUT, "model", "reference");
  private static final int TOKENS = 64;

  private final FakeEngine engine = new FakeEngine();
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger acknowledged = new AtomicInteger();
  private Server server;
  private ManagedChannel channel;
  private KvOutbound push;

  @BeforeEach
  void open() throws Exception {
    String name = InProcessServerBuilder.generateName();
    KvReceiver receiver = new KvReceiver(engine, FORMAT, new KvTransferObserver() {});
    server = start(InProcessServerBuilder.forName(name), receiver);
    channel = InProcessChannelBuilder.forName(name).build();
    AnswerLink counting =
        new AnswerLink(
            (_, ack) -> {
              if (ack.hasReceived()) {
                acknowledged.incrementAndGet();
              }
              return ack;
            });
    Channel counted = ClientInterceptors.intercept(channel, counting);
    push =
        new GrpcKvSender(
                target -> counted,
                FakeEngine.LAYOUT,
                FORMAT,
                new Links(),
                executor,
                new KvTransferObserver() {},
                100)
            .open(
                name,
                new Attempt("r", 0),
                new PromptTokens(new int[TOKENS], 0),
                Duration.ofSeconds(20));
    get(push.granted());
  }

  private static Server start(InProcessServerBuilder builder, KvReceiver receiver)
      throws IOException {
    return builder.addService(new KvTransferService(() -> receiver)).build().start();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
    executor.shutdownNow();
    engine.close();
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(20, TimeUnit.SECONDS);
  }

  private void send(int token) {
    byte[] kv = new byte[Math.toIntExact(FakeEngine.LAYOUT.bytesPerToken())];
    Arrays.fill(kv, (byte) (1 + token));
    push.send(token, 1, LaidOutKv.of(kv));
  }

  private byte stored(int token) {
    return engine.contentOf("r#0")[FakeEngine.offset(TOKENS, 2, 1, 1, token)];
  }

  @Test
  void saysWhenAllThatWasHandedOverIsThere() throws Exception {
    get(push.keptAtMost(0)); // nothing was
    for (int token = 0; token < TOKENS; token += 2) {
      CountDownLatch gate = new CountDownLatch(1);
      engine.holdUntil(gate);
      send(token);
      send(token + 1);
      CompletableFuture<Void> there = push.keptAtMost(0);
      assertThat(there).isNotDone();
      gate.countDown();
      get(there);
      assertThat(stored(token)).isEqualTo((byte) (1 + token));
      assertThat(stored(token + 1)).isEqualTo((byte) (2 + token));
    }
    push.commit();
    get(push.finished());
  }

  /** Each acknowledgement wakes threads at both ends. */
  @Test
  void runsThatFollowOneAnotherAreAcknowledgedTogether() throws Exception {
    for (int token = 0; token < TOKENS; token++) {
      send(token);
    }
    get(push.keptAtMost(0));
    assertThat(acknowledged).hasPositiveValue().hasValueLessThan(TOKENS);
    push.commit();
    get(push.finished());
    assertThat(acknowledged).as("a commit says it, too").hasValueLessThan(TOKENS);
  }

  @Test
  void saysWhenThatWillNotBe() {
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdUntil(gate);
    send(0);
    CompletableFuture<Void> there = push.keptAtMost(0);
    push.cancel("the test");
    gate.countDown();
    assertThatThrownBy(() -> get(there))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(KvTransferException.class);
    assertThatThrownBy(() -> get(push.keptAtMost(0)))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(KvTransferException.class);
  }
}
