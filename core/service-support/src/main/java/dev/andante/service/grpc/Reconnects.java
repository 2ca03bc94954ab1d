package dev.andante.service.grpc;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Bounds the time between attempts to connect. Left alone, a channel waits longer after each
 * failure, up to two minutes, and a worker that restarts is not used for as long; in a rollout the
 * next one is taken down meanwhile. gRPC has no setting for it.
 */
final class Reconnects implements AutoCloseable {

  private final Set<ManagedChannel> channels = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("grpc-reconnects").factory());

  Reconnects(Duration interval) {
    long nanos = interval.toNanos();
    // Processes that lost the same peer do not all come back in the same moment.
    var _ =
        clock.scheduleWithFixedDelay(
            this::retry, ThreadLocalRandom.current().nextLong(nanos), nanos, TimeUnit.NANOSECONDS);
  }

  /** Until the channel is shut down. */
  void watch(ManagedChannel channel) {
    channels.add(channel);
  }

  private void retry() {
    channels.removeIf(ManagedChannel::isShutdown);
    for (ManagedChannel channel : channels) {
      if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
        channel.resetConnectBackoff();
      }
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
