package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.host.HostedEngine;
import dev.andante.protocol.v1.BlockKey;
import dev.andante.protocol.v1.KvChange;
import dev.andante.protocol.v1.KvChanges;
import dev.andante.protocol.v1.KvTier;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.WatchKvRequest;
import dev.andante.protocol.v1.WorkerGrpc;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Follows a worker's KV as a gateway would, and must come to know exactly what the worker holds.
 */
@Tag("slow")
class KvWatchTest {

  private static final String SMALL = "--andante.engine.blocks=24";

  private static final List<KvTier> TIERS =
      List.of(KvTier.KV_TIER_POOL, KvTier.KV_TIER_HOST, KvTier.KV_TIER_DISK);

  @TempDir Path folder;

  /** Rebuilds what a worker holds. It reads only as many messages as it asked for. */
  private static final class Mirror implements ClientResponseObserver<WatchKvRequest, KvChanges> {

    private final Map<KvTier, Set<BlockKey>> held = new EnumMap<>(KvTier.class);
    private final CountDownLatch over = new CountDownLatch(1);
    private @Nullable ClientCallStreamObserver<WatchKvRequest> call;
    private long sequence;
    private boolean resyncing;
    private int resyncs;
    private @Nullable Throwable failure;

    static Mirror of(Worker worker) {
      Mirror mirror = new Mirror();
      WorkerGrpc.newStub(worker.channel()).watchKv(WatchKvRequest.getDefaultInstance(), mirror);
      return mirror;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<WatchKvRequest> started) {
      started.disableAutoRequestWithInitial(1);
      call = started;
    }

    synchronized void read(int messages) {
      ClientCallStreamObserver<WatchKvRequest> now = call;
      if (now == null) {
        throw new AssertionError("not started");
      }
      now.request(messages);
    }

    @Override
    public synchronized void onNext(KvChanges message) {
      if (message.getResync()) {
        resyncs++;
        if (!resyncing) {
          held.clear();
        }
        resyncing = message.getRemaining() > 0;
      } else if (resyncing || message.getSequence() - message.getChangesCount() != sequence) {
        failure = new AssertionError("changes are missing before " + message.getSequence());
      }
      sequence = message.getSequence();
      message.getChangesList().forEach(this::apply);
    }

    private void apply(KvChange change) {
      Set<BlockKey> there = held.computeIfAbsent(change.getTier(), _ -> new HashSet<>());
      boolean news =
          switch (change.getChangeCase()) {
            case STORED -> there.add(change.getStored().getKey());
            case REMOVED -> there.remove(change.getRemoved());
            case CLEARED -> {
              there.clear();
              yield true;
            }
            case CHANGE_NOT_SET -> false;
          };
      if (!news) {
        failure = new AssertionError("not news: " + change);
      }
    }

    @Override
    public synchronized void onError(Throwable error) {
      failure = error;
      over.countDown();
    }

    @Override
    public void onCompleted() {
      over.countDown();
    }

    synchronized int held(KvTier tier) {
      return held.getOrDefault(tier, Set.of()).size();
    }

    synchronized Set<BlockKey> names(KvTier tier) {
      return Set.copyOf(held.getOrDefault(tier, Set.of()));
    }

    synchronized int resyncs() {
      return resyncs;
    }

    synchronized @Nullable Throwable failure() {
      return failure;
    }

    void cancel() {
      ClientCallStreamObserver<WatchKvRequest> now = call;
      if (now != null) {
        now.cancel("enough", null);
      }
    }
  }

  private static void ask(Worker worker, int from, int to) {
    for (int i = from; i < to; i++) {
      List<Integer> tokens = Calls.prompt(70, i);
      Calls.decode(worker, Calls.local("r" + i, tokens, 4).build());
    }
    worker.awaitIdle();
  }

  private static void awaitHeld(Mirror mirror, Worker worker) {
    Await.until(
        () -> mirror.held(KvTier.KV_TIER_POOL) == worker.status().cachedBlocks(),
        () -> mirror.held(KvTier.KV_TIER_POOL) + " known of " + worker.status().cachedBlocks());
  }

  @Test
  void aFollowerKnowsWhatTheWorkerHolds() {
    try (Worker worker =
        Worker.decode(
            SMALL,
            "--andante.engine.tiers.host-memory=64KB",
            "--andante.engine.tiers.disk-space=1MB",
            "--andante.engine.tiers.disk-folder=" + folder)) {
      ask(worker, 0, 3);
      Mirror mirror = Mirror.of(worker);
      mirror.read(1_000_000);
      awaitHeld(mirror, worker);
      assertThat(mirror.resyncs()).isEqualTo(1);
      ask(worker, 3, 20);
      awaitHeld(mirror, worker);
      assertThat(mirror.held(KvTier.KV_TIER_HOST)).isPositive();
      Await.until(() -> mirror.held(KvTier.KV_TIER_DISK) > 0, () -> "nothing on disk");
      Mirror late = Mirror.of(worker);
      late.read(1_000_000);
      awaitHeld(late, worker);
      for (KvTier tier : TIERS) {
        Await.until(
            () -> late.names(tier).equals(mirror.names(tier)), () -> "they differ about " + tier);
      }
      assertThat(mirror.failure()).isNull();
      mirror.cancel();
      late.cancel();
      Await.until(() -> followers(worker) == 0, () -> followers(worker) + " follow still");
    }
    assertThat(folder).as("the file went with the worker").isEmptyDirectory();
  }

  @Test
  void whatCameBackFromBelowIsCounted() {
    try (Worker worker = Worker.prefill(SMALL, "--andante.engine.tiers.host-memory=1MB");
        Worker decode = Worker.decode(SMALL)) {
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 8; i++) {
          PrefillReply reply =
              Calls.prefill(
                  worker,
                  Calls.prefillRequest("p" + round + i, Calls.prompt(70, i), 4, decode.address())
                      .build());
          Calls.decode(decode, Calls.transferred("p" + round + i, reply, 4).build());
          if (round == 0 || i == 0) { // later ones are loaded if that was quicker than computing
            assertThat(reply.getCachedTokens()).as("%d/%d", round, i).isEqualTo(round * 64);
          }
        }
      }
      assertThat(Calls.metrics(worker))
          .containsPattern("andante_kv_tier_hits_total\\{.*tier=\"host\"\\} [1-9]")
          .containsPattern("andante_kv_tier_up\\{.*tier=\"host\"\\} 1");
      worker.awaitIdle();
    }
  }

  @Test
  void aDrainEndsTheStream() throws InterruptedException {
    Mirror mirror;
    try (Worker worker = Worker.prefill(SMALL)) {
      mirror = Mirror.of(worker);
      mirror.read(1_000_000);
      Await.until(() -> mirror.resyncs() == 1, () -> "no first message");
      worker.context().close();
      assertThat(mirror.over.await(30, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(mirror.failure()).as("ended in order").isNull();
  }

  private static int followers(Worker worker) {
    return worker.context().getBean(HostedEngine.class).kvEvents().followers();
  }
}
