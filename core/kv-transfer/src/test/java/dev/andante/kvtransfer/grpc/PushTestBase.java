package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.kvtransfer.link.LinkServer;
import dev.andante.kvtransfer.link.Links;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A sender and a receiver in this process, and what tests of a push do with them. */
abstract class PushTestBase {

  static final KvFormat FORMAT = KvFormat.of(FakeEngine.LAYOUT, "model", "reference");
  static final String HANDLE = "r#0";
  static final int TOKENS = 10;
  static final Duration TIMEOUT = Duration.ofSeconds(20);

  /** How often transfers went on. */
  static final class Resumptions implements KvTransferObserver {
    final AtomicInteger count = new AtomicInteger();
    final AtomicInteger linksFailed = new AtomicInteger();

    @Override
    public void onResumed() {
      count.incrementAndGet();
    }

    @Override
    public void onLinkFailed() {
      linksFailed.incrementAndGet();
    }
  }

  final FakeEngine engine = new FakeEngine();
  final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  final Links links = new Links();
  final String name = InProcessServerBuilder.generateName();
  final CancelWatch breaks = new CancelWatch();
  final Resumptions sender = new Resumptions();
  final Resumptions receivers = new Resumptions();
  volatile KvReceiver receiver = new KvReceiver(engine, FORMAT, receivers);
  @Nullable LinkServer linkServer;
  Server server;
  ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    linkServer = linkServer();
    server =
        InProcessServerBuilder.forName(name)
            .addService(new KvTransferService(() -> receiver, linkServer))
            .intercept(breaks)
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(name).build();
  }

  /** What receivers offer; nothing, unless a test has something else to offer. */
  @Nullable LinkServer linkServer() throws IOException {
    return null;
  }

  /** Of receivers; gRPC's channel is the test's, a link has to find the host. */
  static String target() {
    return "127.0.0.1:1";
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
    links.close();
    if (linkServer != null) {
      linkServer.close();
    }
    executor.shutdownNow();
    engine.close();
  }

  KvOutbound open(Channel over, KvFormat format, int maxFrameBytes, Duration timeout) {
    return open(over, format, maxFrameBytes, timeout, Duration.ZERO);
  }

  /**
   * @param patience how long the receiver may take to find blocks
   */
  KvOutbound open(
      Channel over, KvFormat format, int maxFrameBytes, Duration timeout, Duration patience) {
    return new GrpcKvSender(
            target -> over, FakeEngine.LAYOUT, format, links, executor, sender, maxFrameBytes)
        .open(
            target(), new Attempt("r", 0), new PromptTokens(new int[TOKENS], 0), timeout, patience);
  }

  static void sendAll(KvOutbound push) {
    for (int token = 0; token < TOKENS; token++) {
      push.send(token, 1, LaidOutKv.of(kvOf(token)));
    }
  }

  static byte[] kvOf(int token) {
    byte[] kv = new byte[Math.toIntExact(FakeEngine.LAYOUT.bytesPerToken())];
    new Random(token).nextBytes(kv);
    return kv;
  }

  void awaitNothingHeld() {
    for (int i = 0; i < 2000 && engine.reservationsHeld() > 0; i++) {
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(engine.reservationsHeld()).isZero();
  }

  static <T> T await(CompletableFuture<T> future) {
    return future.orTimeout(30, TimeUnit.SECONDS).join();
  }

  static KvTransferException failureOf(CompletableFuture<?> future) {
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
