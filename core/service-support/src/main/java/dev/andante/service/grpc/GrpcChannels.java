package dev.andante.service.grpc;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * One channel per target, made when first asked for and kept until {@link #retain} drops it or the
 * process ends; or one of the caller's own. Channels probe idle peers, try lost ones again ({@link
 * Reconnects}), carry the request id and set no deadline: each call sets its own.
 */
public final class GrpcChannels implements AutoCloseable {

  private final GrpcProperties properties;
  private final Reconnects reconnects;
  private final ConcurrentHashMap<String, ManagedChannel> channels = new ConcurrentHashMap<>();

  public GrpcChannels(GrpcProperties properties) {
    this.properties = properties;
    this.reconnects = new Reconnects(properties.reconnectInterval());
  }

  /**
   * @param target {@code host:port}, or any gRPC target such as {@code dns:///name:port}
   */
  public ManagedChannel channel(String target) {
    return channels.computeIfAbsent(target, this::open);
  }

  /** Closes the channels of targets that are no longer there; calls on them may finish. */
  public void retain(Set<String> targets) {
    channels.forEach(
        (target, channel) -> {
          if (!targets.contains(target) && channels.remove(target, channel)) {
            channel.shutdown();
          }
        });
  }

  /** A channel of its own, for the caller to close. */
  public ManagedChannel open(String target) {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(target)
            .usePlaintext()
            .maxInboundMessageSize(Math.toIntExact(properties.maxMessageSize().toBytes()))
            .keepAliveTime(properties.keepAlive().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(properties.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveWithoutCalls(true)
            .intercept(new RequestIds.Client())
            .build();
    reconnects.watch(channel);
    return channel;
  }

  @Override
  public void close() {
    reconnects.close();
    channels.values().forEach(ManagedChannel::shutdownNow);
    channels.clear();
  }
}
