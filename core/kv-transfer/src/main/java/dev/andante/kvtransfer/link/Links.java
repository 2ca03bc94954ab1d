package dev.andante.kvtransfer.link;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The sending end of links: connections that are free for another call, and receivers that cannot
 * be reached this way. Thread-safe; locks are held for moments.
 */
public final class Links implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Links.class.getName());

  /** Longer is slower than what it spares. */
  private static final Duration CONNECT = Duration.ofSeconds(1);

  /** How long a receiver that failed is not tried: it costs those who try that second. */
  private static final long AVOID_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final int MAX_PORT = 65_535;

  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** Of all receivers; each transfer under way has one, so these are what comes back of a burst. */
  private static final int MOST_FREE = 16;

  private record Free(FrameChannel channel, long sinceNanos) {}

  private final Deque<Free> free = new ArrayDeque<>(); // guarded by this; the one used last is last
  private final Map<InetSocketAddress, Long> avoided = new HashMap<>(); // guarded by this
  private boolean closed; // guarded by this

  /**
   * A connection for the frames of one call. Blocks for two seconds at most, and while the host is
   * looked up if it is a name.
   *
   * @param host of the receiver
   * @param port that the receiver named
   * @param ticket of the call
   * @return null if there is none to be had: the frames have to go another way
   */
  public @Nullable FrameChannel connect(String host, int port, Ticket ticket) {
    if (port < 1 || port > MAX_PORT) {
      return null;
    }
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved() || isAvoided(address)) {
      return null;
    }
    FrameChannel channel = null;
    try {
      channel = poll(address);
      if (channel == null) {
        channel = FrameChannel.connect(address, CONNECT);
      }
      channel.begin(ticket, CONNECT);
      return channel;
    } catch (IOException e) {
      if (channel != null) {
        channel.close();
      }
      avoid(address, e);
      return null;
    }
  }

  /** The call's last frame has been written, and the receiver has read it. */
  public void done(FrameChannel channel) {
    boolean kept;
    synchronized (this) {
      sweep();
      kept = !closed && free.size() < MOST_FREE;
      if (kept) {
        free.addLast(new Free(channel, System.nanoTime()));
      }
    }
    if (!kept) {
      channel.close();
    }
  }

  /** It was lost in the middle of a call. */
  public void lost(FrameChannel channel, IOException cause) {
    channel.close();
    avoid(channel.remote(), cause);
  }

  private synchronized @Nullable FrameChannel poll(InetSocketAddress address) {
    sweep();
    Iterator<Free> latest = free.descendingIterator();
    while (latest.hasNext()) {
      Free candidate = latest.next();
      if (candidate.channel().remote().equals(address)) {
        latest.remove();
        if (!candidate.channel().isStale()) {
          return candidate.channel();
        }
        candidate.channel().close();
      }
    }
    return null;
  }

  /** Closes what nobody has used for long. With the lock held. */
  private void sweep() {
    long now = System.nanoTime();
    while (!free.isEmpty() && now - free.getFirst().sinceNanos() > IDLE_NANOS) {
      free.removeFirst().channel().close();
    }
    avoided.values().removeIf(until -> now - until > 0);
  }

  private synchronized boolean isAvoided(InetSocketAddress address) {
    sweep();
    return avoided.containsKey(address);
  }

  private void avoid(InetSocketAddress address, Exception cause) {
    boolean first;
    synchronized (this) {
      first = avoided.put(address, System.nanoTime() + AVOID_NANOS) == null;
    }
    if (first) {
      LOG.log(
          System.Logger.Level.WARNING,
          "no link to {0} for KV, which goes over gRPC for {1} s, at about half the rate: {2}",
          address,
          TimeUnit.NANOSECONDS.toSeconds(AVOID_NANOS),
          cause);
    }
  }

  /** Connections that no call has. */
  public synchronized int free() {
    return free.size();
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      free.forEach(each -> each.channel().close());
      free.clear();
    }
  }
}
