package dev.andante.kvtransfer.link;

import dev.andante.kvtransfer.Later;
import dev.andante.kvtransfer.Payloads;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The receiving end of links: a port, and who may send there. A connection is read by a thread of
 * its own: a platform thread, which the kernel wakes itself, at a tenth of the processor time less.
 * Thread-safe.
 */
public final class LinkServer implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(LinkServer.class.getName());

  /** Of which each costs a thread and a socket; senders that find no room do without a link. */
  private static final int MOST_CONNECTIONS = 512;

  /** A ticket is fresh when it comes: who connects says at once what for. */
  private static final Duration FIRST_CALL = Duration.ofSeconds(10);

  /** Longer than {@link Links} keep a connection that they still have use for. */
  private static final Duration NEXT_CALL = Duration.ofSeconds(60);

  private static final Duration CLOSE = Duration.ofSeconds(1);

  /** Of memory for frames, beyond those that are held. */
  private static final long KEPT_BYTES = 16 << 20;

  private final Thread.Builder readers = Thread.ofPlatform().daemon().name("kv-link-", 0);
  private final ServerSocketChannel listener;
  private final int port;
  private final int advertisedPort;
  private final Thread acceptor;
  private final int mostFrameBytes;
  private final Payloads memory = Payloads.offHeap(Payloads.share(KEPT_BYTES));
  private final Map<Ticket, LinkedCall> calls = new ConcurrentHashMap<>();
  private final Set<FrameChannel> connections = ConcurrentHashMap.newKeySet();

  /** Reached where it listens. */
  public LinkServer(InetSocketAddress address, int mostFrameBytes) throws IOException {
    this(address, 0, mostFrameBytes);
  }

  /**
   * @param address to listen on; port 0 = any free one
   * @param advertisedPort where senders reach it, if something between them maps ports; 0 = where
   *     it listens
   * @param mostFrameBytes of a frame; a longer one ends its transfer
   * @throws IOException if it cannot listen there
   */
  public LinkServer(InetSocketAddress address, int advertisedPort, int mostFrameBytes)
      throws IOException {
    this.mostFrameBytes = mostFrameBytes;
    listener = ServerSocketChannel.open();
    try {
      listener.bind(address);
      port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
    } catch (IOException | RuntimeException e) {
      listener.close();
      throw e;
    }
    this.advertisedPort = advertisedPort == 0 ? port : advertisedPort;
    acceptor = Thread.ofVirtual().name("kv-link-accept-" + port).start(this::accept);
  }

  /** Where it listens. */
  public int port() {
    return port;
  }

  /** Where senders reach it. */
  public int advertisedPort() {
    return advertisedPort;
  }

  /**
   * Frames of a call may come from now on, for who knows its ticket.
   *
   * @return to be closed when the call is over
   */
  public LinkedCall admit(FrameReceiver receiver) {
    LinkedCall call = new LinkedCall(receiver, closed -> calls.remove(closed.ticket()));
    calls.put(call.ticket(), call);
    return call;
  }

  /** Calls that frames may come for, and have not come yet. */
  public int admitted() {
    return calls.size();
  }

  private void accept() {
    while (listener.isOpen()) {
      try {
        SocketChannel socket = listener.accept();
        if (hasRoom()) {
          start(FrameChannel.over(socket));
        } else {
          socket.close();
        }
      } catch (IOException | OutOfMemoryError e) {
        if (listener.isOpen()) { // one connection failed, or there are too many files or threads
          LOG.log(System.Logger.Level.WARNING, "a KV link could not be accepted: {0}", e);
          pause();
        }
      }
    }
  }

  private void start(FrameChannel channel) {
    connections.add(channel);
    if (!listener.isOpen()) { // perhaps too late for the one who closes them all
      channel.close();
    }
    try {
      readers.start(() -> serve(channel));
    } catch (OutOfMemoryError e) { // no thread could be had
      connections.remove(channel);
      channel.close();
      throw e;
    }
  }

  /** Whether another connection would be taken. */
  public boolean hasRoom() {
    return connections.size() < MOST_CONNECTIONS;
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(FrameChannel channel) {
    AtomicBoolean known = new AtomicBoolean();
    Later.run(
        FIRST_CALL.toMillis(),
        () -> {
          if (!known.get()) {
            channel.close();
          }
        });
    try (channel) {
      LinkedCall call;
      do {
        call = calls.remove(channel.awaitBegin(NEXT_CALL));
        known.set(true);
      } while (call != null && call.carry(channel, memory, mostFrameBytes));
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a KV link ends: {0}", e);
    } finally {
      connections.remove(channel);
    }
  }

  /** Ends all connections; calls that go on find theirs lost. */
  @Override
  public void close() {
    try {
      listener.close();
      acceptor.join(CLOSE); // the port is free when it has let go of it
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "the port of KV links could not be closed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    connections.forEach(FrameChannel::close);
  }
}
