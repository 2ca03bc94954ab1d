package dev.andante.benchmarks.transfer;

import dev.andante.engine.Engine;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvSender;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.kvtransfer.grpc.GrpcKvSender;
import dev.andante.kvtransfer.grpc.KvTransferService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The product's sender and receiver of KV, with gRPC on loopback between them. Server, channel and
 * executors are those of the services.
 */
public final class KvLoopback implements AutoCloseable {

  private static final int MAX_MESSAGE = 64 << 20;
  private static final int MAX_FRAME = 1 << 20;

  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Server server;
  private final ManagedChannel channel;
  private final KvSender sender;

  /**
   * @param to receives; stays the caller's
   * @param format of both ends
   * @param coding of KV between them
   */
  public KvLoopback(Engine to, KvFormat format, KvCoding coding) {
    KvReceiver receiver = new KvReceiver(to, format, KvTransferObserver.NONE);
    try {
      server =
          NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .executor(executor)
              .maxInboundMessageSize(MAX_MESSAGE)
              .addService(new KvTransferService(() -> receiver))
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    channel =
        NettyChannelBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()))
            .usePlaintext()
            .maxInboundMessageSize(MAX_MESSAGE)
            .build();
    sender =
        new GrpcKvSender(
            _ -> channel,
            to.kvLayout(),
            format,
            executor,
            KvTransferObserver.NONE,
            MAX_FRAME,
            coding);
  }

  /** To the receiver, whatever target it is given. */
  public KvSender sender() {
    return sender;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.shutdownNow();
    executor.shutdownNow();
  }
}
