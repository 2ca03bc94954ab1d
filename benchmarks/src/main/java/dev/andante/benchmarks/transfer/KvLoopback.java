package dev.andante.benchmarks.transfer;

import dev.andante.engine.Engine;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvSender;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.kvtransfer.grpc.GrpcKvSender;
import dev.andante.kvtransfer.grpc.KvTransferService;
import dev.andante.kvtransfer.link.LinkServer;
import dev.andante.kvtransfer.link.Links;
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
import org.jspecify.annotations.Nullable;

/**
 * The product's sender and receiver of KV, with gRPC on loopback between them and a link beside it.
 * Server, channel and executors are those of the services.
 */
public final class KvLoopback implements AutoCloseable {

  /** The receiver, as senders are told; the channel is this one's, and a link needs the host. */
  public static final String TARGET = "localhost:0";

  private static final int MAX_MESSAGE = 64 << 20;
  private static final int MAX_FRAME = 1 << 20;

  private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
  private final ExecutorService writers = Executors.newCachedThreadPool();
  private final Server server;
  private final ManagedChannel channel;
  private final @Nullable LinkServer linkServer;
  private final Links links = new Links();
  private final KvSender sender;

  /**
   * @param to receives; stays the caller's
   * @param format of both ends
   * @param coding of KV between them
   * @param link whether frames go over a link; else over gRPC
   */
  public KvLoopback(Engine to, KvFormat format, KvCoding coding, boolean link) {
    KvReceiver receiver = new KvReceiver(to, format, KvTransferObserver.NONE);
    try {
      linkServer =
          link
              ? new LinkServer(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), MAX_MESSAGE)
              : null;
      server =
          NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .executor(calls)
              .maxInboundMessageSize(MAX_MESSAGE)
              .addService(new KvTransferService(() -> receiver, linkServer))
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
            links,
            writers,
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
    links.close();
    if (linkServer != null) {
      linkServer.close();
    }
    channel.shutdownNow();
    server.shutdownNow();
    writers.shutdownNow();
    calls.shutdownNow();
  }
}
