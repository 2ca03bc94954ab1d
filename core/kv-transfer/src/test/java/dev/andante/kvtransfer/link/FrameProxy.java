package dev.andante.kvtransfer.link;

import com.google.protobuf.ByteString;
import dev.andante.kvtransfer.Payloads;
import dev.andante.protocol.v1.KvFrame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;

/** Stands between the two ends of links, and changes what goes from one to the other. */
public final class FrameProxy implements AutoCloseable {

  private static final int MOST_BYTES = 1 << 20;

  private final int to;
  private final BiFunction<Integer, KvFrame, List<KvFrame>> change;
  private final ServerSocketChannel listener = ServerSocketChannel.open();
  private final Set<FrameChannel> connections = ConcurrentHashMap.newKeySet();
  private final AtomicInteger accepted = new AtomicInteger();

  /**
   * @param to port of the receiver
   * @param change the frames to pass on in place of one, given its number in its connection, from
   *     1, and itself; what it throws ends the connection
   */
  public FrameProxy(int to, BiFunction<Integer, KvFrame, List<KvFrame>> change) throws IOException {
    this.to = to;
    this.change = change;
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    Thread.ofVirtual().start(this::accept);
  }

  public int port() throws IOException {
    return ((InetSocketAddress) listener.getLocalAddress()).getPort();
  }

  /** How many connections there were. */
  public int accepted() {
    return accepted.get();
  }

  private void accept() {
    try {
      while (true) {
        FrameChannel from = FrameChannel.over(listener.accept());
        connections.add(from);
        accepted.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(from));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(FrameChannel from) {
    InetSocketAddress receiver = new InetSocketAddress(InetAddress.getLoopbackAddress(), to);
    try (from;
        FrameChannel target = FrameChannel.connect(receiver, Duration.ofSeconds(5))) {
      while (true) {
        carry(from, target);
      }
    } catch (IOException | IllegalStateException e) {
      // either end has gone, or the test wants it to
    }
  }

  /** One call. */
  private void carry(FrameChannel from, FrameChannel target) throws IOException {
    Ticket ticket = from.awaitBegin(Duration.ofSeconds(30));
    target.begin(ticket, Duration.ofSeconds(5));
    from.welcome();
    Payloads memory = Payloads.onHeap(0);
    boolean committed = false;
    for (int number = 1; !committed; number++) {
      InFrame came = from.read(memory, MOST_BYTES);
      committed = came.frame().hasCommit();
      for (KvFrame frame : change.apply(number, whole(came))) {
        ByteString payload = frame.getData().getPayload();
        target.write(withoutPayload(frame), payload.asReadOnlyByteBuffer());
      }
    }
  }

  private static KvFrame whole(InFrame came) {
    ByteBuffer payload = came.payload().duplicate();
    return came.frame().hasData()
        ? came.frame().toBuilder()
            .setData(came.frame().getData().toBuilder().setPayload(ByteString.copyFrom(payload)))
            .build()
        : came.frame();
  }

  private static KvFrame withoutPayload(KvFrame frame) {
    return frame.hasData()
        ? frame.toBuilder().setData(frame.getData().toBuilder().clearPayload()).build()
        : frame;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    connections.forEach(FrameChannel::close);
  }
}
