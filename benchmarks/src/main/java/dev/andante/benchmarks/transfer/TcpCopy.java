package dev.andante.benchmarks.transfer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The bytes themselves over one TCP connection on loopback, from memory to memory, in writes and
 * reads of a megabyte. The receiver answers with a byte when it has all of them.
 */
public final class TcpCopy implements KvCopy {

  private static final long PIECE = 1 << 20;
  private static final long PATIENCE_SECONDS = 60;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment from;
  private final MemorySegment to;
  private final SocketChannel sender;
  private final SocketChannel receiver;

  public TcpCopy(long bytes) {
    from = arena.allocate(bytes, 64).fill((byte) 1);
    to = arena.allocate(bytes, 64).fill((byte) 2);
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      sender = SocketChannel.open(listener.getLocalAddress());
      receiver = listener.accept();
      sender.setOption(StandardSocketOptions.TCP_NODELAY, true);
      receiver.setOption(StandardSocketOptions.TCP_NODELAY, true);
    } catch (IOException e) {
      arena.close();
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void copy() {
    CompletableFuture<Void> received =
        CompletableFuture.runAsync(this::receive, task -> Thread.ofPlatform().start(task));
    try {
      for (long at = 0; at < from.byteSize(); at += PIECE) {
        ByteBuffer piece = piece(from, at);
        while (piece.hasRemaining()) {
          sender.write(piece);
        }
      }
      ByteBuffer answer = ByteBuffer.allocateDirect(1);
      if (sender.read(answer) != 1) {
        throw new IOException("the receiver closed the connection");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    received.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
  }

  private void receive() {
    try {
      for (long at = 0; at < to.byteSize(); at += PIECE) {
        ByteBuffer piece = piece(to, at);
        while (piece.hasRemaining()) {
          if (receiver.read(piece) < 0) {
            throw new IOException("the sender closed the connection");
          }
        }
      }
      receiver.write(ByteBuffer.allocateDirect(1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ByteBuffer piece(MemorySegment of, long at) {
    return of.asSlice(at, Math.min(PIECE, of.byteSize() - at)).asByteBuffer();
  }

  @Override
  public void close() {
    try (sender;
        receiver) {
      arena.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
