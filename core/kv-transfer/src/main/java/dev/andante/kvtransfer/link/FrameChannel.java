package dev.andante.kvtransfer.link;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.andante.kvtransfer.Payloads;
import dev.andante.protocol.v1.KvFrame;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/**
 * One connection of a link. Frames go one way, and back a word that a call is let in. For one
 * thread, which it blocks; {@link #close} is for any, and wakes that one with an {@link
 * IOException}. How long it may block is the business of who owns it: a call is over some time, and
 * closes its connection then.
 */
public final class FrameChannel implements AutoCloseable {

  private static final byte[] MAGIC = "AKL1".getBytes(StandardCharsets.US_ASCII);
  private static final int HELLO = MAGIC.length + Ticket.BYTES;

  private static final byte WELCOME = 1;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final SocketChannel socket;
  private final InetSocketAddress remote;
  private final ByteBuffer prefix = ByteBuffer.allocateDirect(FrameBytes.PREFIX);

  private FrameChannel(SocketChannel socket, InetSocketAddress remote) {
    this.socket = socket;
    this.remote = remote;
  }

  /**
   * @param socket connected; closed if it is of no use
   */
  static FrameChannel over(SocketChannel socket) throws IOException {
    try {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      return new FrameChannel(socket, (InetSocketAddress) socket.getRemoteAddress());
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * @param patience for the other side to answer
   */
  static FrameChannel connect(InetSocketAddress address, Duration patience) throws IOException {
    SocketChannel socket = SocketChannel.open();
    try {
      socket.socket().connect(address, Math.toIntExact(patience.toMillis()));
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
    return over(socket);
  }

  /** The other side. */
  InetSocketAddress remote() {
    return remote;
  }

  /**
   * Frames that follow are of the call with that ticket.
   *
   * @param patience for the other side to let it in
   * @throws IOException also if it does not
   */
  void begin(Ticket ticket, Duration patience) throws IOException {
    ByteBuffer hello = ByteBuffer.allocate(HELLO).put(MAGIC).put(ticket.bytes()).flip();
    while (hello.hasRemaining()) {
      socket.write(hello);
    }
    socket.socket().setSoTimeout(Math.toIntExact(patience.toMillis()));
    if (socket.socket().getInputStream().read() != WELCOME) {
      throw new EOFException("the receiver does not take the link");
    }
  }

  /** Lets the call in that was begun. */
  void welcome() throws IOException {
    socket.write(ByteBuffer.wrap(new byte[] {WELCOME})); // one byte: all of it, or it fails
  }

  /**
   * Which call the frames that follow are of.
   *
   * @param patience between any two bytes
   * @throws IOException also if the other side closed it, or says something else
   */
  Ticket awaitBegin(Duration patience) throws IOException {
    socket.socket().setSoTimeout(Math.toIntExact(patience.toMillis()));
    InputStream in = socket.socket().getInputStream();
    byte[] hello = in.readNBytes(HELLO);
    if (hello.length < HELLO) {
      throw new EOFException("the connection was closed between two calls");
    }
    if (!Arrays.equals(hello, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw new IOException("something else than frames of KV came");
    }
    return Ticket.read(ByteBuffer.wrap(hello, MAGIC.length, Ticket.BYTES));
  }

  /**
   * Returns when the socket has taken all of it.
   *
   * @param message without the payload
   * @param payload what remains of it; stays remaining
   */
  public void write(KvFrame message, ByteBuffer payload) throws IOException {
    ByteBuffer[] parts = {FrameBytes.head(message, payload.remaining()), payload.duplicate()};
    while (parts[0].hasRemaining() || parts[1].hasRemaining()) {
      socket.write(parts);
    }
  }

  /**
   * The next frame.
   *
   * @param memory that its payload is read into
   * @param mostBytes of a frame
   * @throws InvalidProtocolBufferException if it is none
   * @throws IOException if the connection was lost, or closed
   */
  InFrame read(Payloads memory, int mostBytes) throws IOException {
    fill(prefix.clear());
    FrameBytes.Lengths lengths = FrameBytes.Lengths.read(prefix, mostBytes);
    ByteBuffer message = ByteBuffer.allocate(lengths.message());
    fill(message);
    KvFrame frame = KvFrame.parseFrom(message.flip());
    if (lengths.payload() == 0) {
      return new InFrame(frame, NOTHING, null);
    }
    Payloads.Payload taken = memory.take(lengths.payload());
    ByteBuffer payload = taken.bytes(lengths.payload());
    fill(payload);
    return new InFrame(frame, payload.flip(), taken);
  }

  private void fill(ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (socket.read(target) < 0) {
        throw new EOFException("the connection was closed in the middle of a call");
      }
    }
  }

  /** Whether the other side has closed it, or said something, which it never does. */
  boolean isStale() {
    try {
      socket.configureBlocking(false);
      boolean silent = socket.read(prefix.clear()) == 0;
      socket.configureBlocking(true);
      return !silent;
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // there is nothing left to be done with it
    }
  }
}
