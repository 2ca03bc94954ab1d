package dev.andante.decode;

import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvGranted;
import dev.andante.protocol.v1.KvReceived;
import dev.andante.protocol.v1.KvTransferGrpc;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** A decode worker that grants blocks, and whose process dies when a frame of some kind comes. */
final class DyingReceiver extends KvTransferGrpc.KvTransferImplBase implements AutoCloseable {

  private final KvFrame.FrameCase deadly;
  private final Server server;

  DyingReceiver(KvFrame.FrameCase deadly) {
    this.deadly = deadly;
    try {
      server =
          NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .addService(this)
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  boolean isDead() {
    return server.isShutdown();
  }

  @Override
  public StreamObserver<KvFrame> push(StreamObserver<KvAck> answers) {
    return new StreamObserver<>() {
      @Override
      public void onNext(KvFrame frame) {
        if (frame.getFrameCase() == deadly) {
          server.shutdownNow();
          return;
        }
        switch (frame.getFrameCase()) {
          case OPEN ->
              answers.onNext(
                  KvAck.newBuilder()
                      .setGranted(KvGranted.newBuilder().setKvHandle("h").setLeaseMillis(30_000))
                      .build());
          case DATA ->
              answers.onNext(
                  KvAck.newBuilder()
                      .setReceived(
                          KvReceived.newBuilder()
                              .setNextSequence(frame.getData().getSequence() + 1))
                      .build());
          default -> {}
        }
      }

      @Override
      public void onError(Throwable error) {}

      @Override
      public void onCompleted() {}
    };
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
