package dev.andante.kvtransfer.link;

import dev.andante.kvtransfer.Payloads;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of one call whose frames may come over a link. From the commit on, or when the
 * call is over, it has no connection any more. Thread-safe.
 */
public final class LinkedCall implements AutoCloseable {

  private final Ticket ticket = Ticket.random();
  private final FrameReceiver receiver;
  private final Consumer<LinkedCall> onClose;

  private @Nullable FrameChannel channel; // guarded by this
  private boolean attached; // guarded by this
  private boolean over; // guarded by this

  LinkedCall(FrameReceiver receiver, Consumer<LinkedCall> onClose) {
    this.receiver = receiver;
    this.onClose = onClose;
  }

  public Ticket ticket() {
    return ticket;
  }

  /** Whether frames come, or came, this way. */
  public synchronized boolean attached() {
    return attached;
  }

  /**
   * Brings the frames of the call that come over a connection. Returns after the commit, or when
   * the call is over.
   *
   * @return whether the connection may carry another call
   */
  boolean carry(FrameChannel from, Payloads memory, int mostBytes) {
    if (!attach(from)) {
      return false;
    }
    try {
      from.welcome();
      while (isAttached()) {
        InFrame frame = from.read(memory, mostBytes);
        boolean last = frame.frame().hasCommit();
        if (last && !detach()) {
          return false;
        }
        receiver.onFrame(frame);
        if (last) {
          return true;
        }
      }
    } catch (IOException e) {
      lost(e);
    } catch (RuntimeException | Error e) {
      lost(new IOException("a frame could not be dealt with", e));
      if (e instanceof Error error) {
        throw error;
      }
    }
    return false;
  }

  private void lost(IOException cause) {
    if (detach()) {
      receiver.onLinkLost(cause);
    }
  }

  private synchronized boolean isAttached() {
    return channel != null;
  }

  private synchronized boolean attach(FrameChannel to) {
    if (over || attached) {
      return false;
    }
    channel = to;
    attached = true;
    return true;
  }

  /** Whether the call was not over; the connection is not its any more. */
  private synchronized boolean detach() {
    channel = null;
    return !over;
  }

  /** The call is over. Closes its connection if that has not seen the commit. */
  @Override
  public void close() {
    FrameChannel left;
    synchronized (this) {
      over = true;
      left = channel;
      channel = null;
    }
    onClose.accept(this);
    if (left != null) {
      left.close();
    }
  }
}
