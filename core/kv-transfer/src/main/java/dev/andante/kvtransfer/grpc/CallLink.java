package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.kvtransfer.link.FrameChannel;
import dev.andante.kvtransfer.link.Links;
import dev.andante.kvtransfer.link.Ticket;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvLink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * The link that the frames of one call go over, if its receiver offers one and it can be had.
 * Opened and written to by one writer, which it blocks; the rest is for any thread, and {@link
 * #close} wakes that writer.
 */
final class CallLink {

  private final Links links;
  private final KvTransferObserver observer;
  private final String host;

  private volatile @Nullable KvLink offer;
  private @Nullable FrameChannel channel; // guarded by this
  private boolean over; // guarded by this

  /**
   * @param target {@code host:port} of the receiver
   */
  CallLink(Links links, KvTransferObserver observer, String target) {
    this.links = links;
    this.observer = observer;
    this.host = hostOf(target);
  }

  /** What comes before the port; an IPv6 address stands in brackets. */
  private static String hostOf(String target) {
    String host = target.substring(0, Math.max(0, target.lastIndexOf(':')));
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  /** The receiver would take frames there. */
  void offered(KvLink link) {
    offer = link;
  }

  /** Tries what the receiver offered. Of no effect if it offered nothing, or the call is over. */
  void open() {
    KvLink offered = offer;
    if (offered == null
        || host.isEmpty()
        || offered.getTicket().size() != Ticket.BYTES
        || isOver()) {
      return;
    }
    Ticket ticket = Ticket.read(offered.getTicket().asReadOnlyByteBuffer());
    FrameChannel opened = links.connect(host, offered.getPort(), ticket);
    if (opened == null) {
      observer.onLinkFailed();
      return;
    }
    boolean late;
    synchronized (this) {
      late = over;
      channel = late ? null : opened;
    }
    if (late) {
      opened.close();
    }
  }

  private synchronized boolean isOver() {
    return over;
  }

  synchronized boolean isOpen() {
    return channel != null;
  }

  /**
   * @param message without its payload
   * @throws IOException if the link was lost, or closed
   */
  void write(KvFrame message, ByteBuffer payload) throws IOException {
    FrameChannel current;
    synchronized (this) {
      current = channel;
    }
    if (current == null) {
      throw new ClosedChannelException();
    }
    current.write(message, payload);
  }

  /** The receiver has read all of it, to the commit. */
  void done() {
    FrameChannel current = take();
    if (current != null) {
      links.done(current);
    }
  }

  /**
   * Writing failed.
   *
   * @return whether that is news; else the link was closed, and whoever did that knows why
   */
  boolean lost(IOException cause) {
    FrameChannel current = take();
    if (current == null) {
      return false;
    }
    links.lost(current, cause);
    observer.onLinkFailed();
    return true;
  }

  /** The call is over, or given up. */
  void close() {
    FrameChannel current = take();
    if (current != null) {
      current.close();
    }
  }

  private synchronized @Nullable FrameChannel take() {
    FrameChannel current = channel;
    channel = null;
    over = true;
    return current;
  }
}
