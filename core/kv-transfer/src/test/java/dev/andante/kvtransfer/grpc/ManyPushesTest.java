package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.kvtransfer.link.Links;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several pushes to one receiver that is slow. */
class ManyPushesTest {

  private static final KvFormat FORMAT = KvFormat.of(FakeEngine.LAYOUT, "model", "reference");
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final FakeEngine engine = new FakeEngine();
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final String name = InProcessServerBuilder.generateName();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private Server server;

  @BeforeEach
  void start() throws Exception {
    KvReceiver receiver = new KvReceiver(engine, FORMAT, KvTransferObserver.NONE);
    server =
        InProcessServerBuilder.forName(name)
            .addService(new KvTransferService(() -> receiver))
            .build()
            .start();
  }

  @AfterEach
  void stop() {
    channels.forEach(ManagedChannel::shutdownNow);
    server.shutdownNow();
    executor.shutdownNow();
    engine.close();
  }

  @Test
  void aSmallPushDoesNotWaitForABigOne() {
    KvOutbound big = open("big", 400);
    KvOutbound small = open("small", 10);
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdUntil(gate);
    sendAll(big, 400);
    engine.awaitStoresAsked(1); // all that it may bring
    sendAll(small, 10);
    engine.awaitStoresAsked(2);
    gate.countDown();
    finish(small);
    finish(big);
    List<String> order = engine.storeOrder();
    assertThat(order).hasSize(410);
    assertThat(order.indexOf("small#0")).as("behind what was there already").isLessThan(3);
  }

  @Test
  void manyPushesAreNotHeldAllAtOnce() {
    int pushes = 24;
    List<KvOutbound> all = new ArrayList<>();
    for (int i = 0; i < pushes; i++) {
      all.add(open("p" + i, 40));
    }
    CountDownLatch gate = new CountDownLatch(1);
    engine.holdUntil(gate);
    all.forEach(push -> sendAll(push, 40));
    awaitSettled();
    int held = engine.storesAsked();
    gate.countDown();
    all.forEach(ManyPushesTest::finish);
    assertThat(held).as("one of each").isEqualTo(pushes);
    assertThat(engine.storeOrder()).hasSize(pushes * 40);
    assertThat(engine.committed()).hasSize(pushes).doesNotHaveDuplicates();
  }

  /** Of a sender of its own, granted. */
  private KvOutbound open(String id, int tokens) {
    ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
    channels.add(channel);
    KvOutbound push =
        new GrpcKvSender(
                target -> channel,
                FakeEngine.LAYOUT,
                FORMAT,
                new Links(),
                executor,
                KvTransferObserver.NONE,
                1 << 20)
            .open(name, new Attempt(id, 0), new PromptTokens(new int[tokens], 0), TIMEOUT);
    push.granted().orTimeout(30, TimeUnit.SECONDS).join();
    return push;
  }

  private static void sendAll(KvOutbound push, int tokens) {
    byte[] kv = new byte[Math.toIntExact(FakeEngine.LAYOUT.bytesPerToken())];
    for (int token = 0; token < tokens; token++) {
      push.send(token, 1, LaidOutKv.of(kv));
    }
    push.commit();
  }

  private static void finish(KvOutbound push) {
    push.finished().orTimeout(30, TimeUnit.SECONDS).join();
  }

  /** Until no more runs are brought for a while. */
  private void awaitSettled() {
    int before = -1;
    for (int i = 0; i < 20 && before != engine.storesAsked(); i++) {
      before = engine.storesAsked();
      LockSupport.parkNanos(300_000_000);
    }
  }
}
