package dev.andante.host.grpc;

import dev.andante.engine.events.KvEventBatch;
import dev.andante.engine.events.KvEventLog;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.kvtransfer.grpc.SerialTask;
import dev.andante.protocol.v1.BlockKey;
import dev.andante.protocol.v1.KvBlock;
import dev.andante.protocol.v1.KvChange;
import dev.andante.protocol.v1.KvChanges;
import dev.andante.protocol.v1.KvCleared;
import dev.andante.protocol.v1.KvTier;
import dev.andante.service.state.LongStreams;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One call that follows an engine's KV events. A task at a time sends while the caller reads; what
 * it does not read in time is dropped, and the log sees to it that it is told everything anew.
 */
final class KvWatch {

  /** Events kept for a caller that does not read. */
  private static final int MAX_PENDING = 8192;

  /** Events in a message, of some 60 bytes each. */
  private static final int MAX_BATCH = 1024;

  private final String instance;
  private final ServerCallStreamObserver<KvChanges> responses;
  private final SerialTask writing;
  private final KvEventLog.Follower follower;
  private final LongStreams.Stream stream;

  private KvWatch(
      String instance,
      KvEventLog log,
      ServerCallStreamObserver<KvChanges> responses,
      LongStreams streams,
      Executor writers) {
    this.instance = instance;
    this.responses = responses;
    this.writing = new SerialTask(writers, this::write);
    this.follower = log.follow(MAX_PENDING);
    this.stream = streams.open(Duration.ZERO, responses::onCompleted);
  }

  /**
   * Follows until the caller cancels, or a drain ends it.
   *
   * @param writers whose tasks may block
   */
  static void start(
      String instance,
      KvEventLog log,
      ServerCallStreamObserver<KvChanges> responses,
      LongStreams streams,
      Executor writers) {
    KvWatch watch = new KvWatch(instance, log, responses, streams, writers);
    responses.setOnReadyHandler(watch.writing::request);
    responses.setOnCancelHandler(watch::close);
    responses.setOnCloseHandler(watch::close);
    watch.follower.onMore(watch.writing::request);
    watch.writing.request();
  }

  private void close() {
    stream.close();
    follower.close();
  }

  private void write() {
    if (!stream.begin()) {
      return;
    }
    try {
      @Nullable KvEventBatch batch = next();
      while (batch != null) {
        responses.onNext(message(batch));
        batch = next();
      }
    } finally {
      stream.end();
    }
  }

  private @Nullable KvEventBatch next() {
    return responses.isReady() ? follower.poll(MAX_BATCH) : null;
  }

  private KvChanges message(KvEventBatch batch) {
    KvChanges.Builder message =
        KvChanges.newBuilder()
            .setInstance(instance)
            .setSequence(batch.sequence())
            .setResync(batch.resync())
            .setRemaining(batch.remaining());
    batch.events().forEach(event -> message.addChanges(change(event)));
    return message.build();
  }

  private static KvChange change(KvEvent event) {
    KvChange.Builder change = KvChange.newBuilder().setTier(tier(event.tier()));
    switch (event) {
      case KvEvent.Stored stored ->
          change.setStored(
              KvBlock.newBuilder()
                  .setKey(key(stored.key()))
                  .setParent(key(stored.parent()))
                  .setDepth(stored.depth()));
      case KvEvent.Removed removed -> change.setRemoved(key(removed.key()));
      case KvEvent.Cleared _ -> change.setCleared(KvCleared.getDefaultInstance());
    }
    return change.build();
  }

  private static KvTier tier(dev.andante.engine.kvcache.KvTier tier) {
    return switch (tier) {
      case POOL -> KvTier.KV_TIER_POOL;
      case HOST -> KvTier.KV_TIER_HOST;
      case DISK -> KvTier.KV_TIER_DISK;
    };
  }

  private static BlockKey key(dev.andante.engine.kvcache.BlockKey key) {
    return BlockKey.newBuilder().setHigh(key.high()).setLow(key.low()).build();
  }
}
