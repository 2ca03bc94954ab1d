package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.KvRun;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Runs on their way out: filled by the engine thread, emptied as the receiver acknowledges them, so
 * that they can be sent again over another stream. Holds at most {@code capacityBytes}, the KV of
 * the whole prompt. Holds the memory of a run until it is acknowledged, or all are dropped.
 * Thread-safe; locks are held for moments.
 */
final class SendQueue {

  /** A run whose checksum has not been computed yet. */
  private record Pending(
      int firstToken, int tokens, int firstLayer, int layers, int bytes, Payloads.Payload memory) {}

  /**
   * A run to be written.
   *
   * @param memory of its payload; held for the one who writes it, too
   */
  record Taken(KvRun run, Payloads.Payload memory) {}

  private final Payloads payloads;

  private final long bytesPerTokenLayer;
  private final int layers;
  private final long capacityBytes;
  private final int maxFrameBytes;
  private final Deque<Pending> pending = new ArrayDeque<>();
  private final Deque<Pending> unacknowledged = new ArrayDeque<>(); // the last of those taken
  private int known; // leading tokens that need not be sent
  private long acceptedBytes;
  private long taken;
  private boolean closed;
  private boolean dropped;

  SendQueue(
      Payloads payloads,
      long bytesPerTokenLayer,
      int layers,
      long capacityBytes,
      int maxFrameBytes) {
    this.payloads = payloads;
    this.bytesPerTokenLayer = bytesPerTokenLayer;
    this.layers = layers;
    this.capacityBytes = capacityBytes;
    this.maxFrameBytes = maxFrameBytes;
  }

  /**
   * Copies a run of all layers, in pieces of whole layers; not one that need not be sent.
   *
   * @return false if that would be more than the prompt has: the caller is at fault
   */
  synchronized boolean add(int firstToken, int tokens, MemorySegment kv) {
    if (dropped || closed || firstToken + tokens <= known) {
      return true;
    }
    long perLayer = bytesPerTokenLayer * tokens;
    if (acceptedBytes + perLayer * layers > capacityBytes) {
      return false;
    }
    acceptedBytes += perLayer * layers;
    int layersPerFrame = (int) Math.max(1, Math.min(layers, maxFrameBytes / perLayer));
    for (int first = 0; first < layers; first += layersPerFrame) {
      int count = Math.min(layersPerFrame, layers - first);
      int bytes = Math.toIntExact(perLayer * count);
      Payloads.Payload memory = payloads.take(bytes);
      MemorySegment.copy(kv, ValueLayout.JAVA_BYTE, perLayer * first, memory.array(), 0, bytes);
      pending.add(new Pending(firstToken, tokens, first, count, bytes, memory));
    }
    return true;
  }

  /** The next run, numbered and with its checksum; null if none waits. */
  @Nullable Taken take() {
    Pending next;
    long sequence;
    synchronized (this) {
      next = pending.poll();
      if (next == null) {
        return null;
      }
      sequence = taken++;
      unacknowledged.add(next);
      next.memory().hold();
    }
    return new Taken(
        KvRun.of(
            sequence,
            next.firstToken(),
            next.tokens(),
            next.firstLayer(),
            next.layers(),
            ByteBuffer.wrap(next.memory().array(), 0, next.bytes())),
        next.memory());
  }

  /** The receiver has stored every run below that number. */
  synchronized void acknowledged(long nextSequence) {
    while (taken - unacknowledged.size() < nextSequence && !unacknowledged.isEmpty()) {
      unacknowledged.remove().memory().release();
    }
  }

  /**
   * Makes the runs from that number on wait again.
   *
   * @return false if there are no such runs, or they were acknowledged and are gone
   */
  synchronized boolean rewind(long nextSequence) {
    if (nextSequence > taken || nextSequence < taken - unacknowledged.size()) {
      return false;
    }
    while (taken > nextSequence) {
      pending.addFirst(unacknowledged.removeLast());
      taken--;
    }
    return true;
  }

  /**
   * Leading tokens need not be sent: their runs are let go of, and ignored from now on. Before the
   * first one is taken.
   */
  synchronized void skip(int tokens) {
    known = tokens;
    pending.removeIf(
        run -> {
          boolean spared = taken == 0 && run.firstToken() + run.tokens() <= tokens;
          if (spared) {
            acceptedBytes -= run.bytes();
            run.memory().release();
          }
          return spared;
        });
  }

  /** No more runs will be added. */
  synchronized void close() {
    closed = true;
  }

  /** Whether everything has been taken and nothing more will come. */
  synchronized boolean exhausted() {
    return closed && pending.isEmpty();
  }

  /** Whether everything has been taken and acknowledged. */
  synchronized boolean isEmpty() {
    return pending.isEmpty() && unacknowledged.isEmpty();
  }

  /** How many runs have been taken. */
  synchronized long taken() {
    return taken;
  }

  synchronized long acceptedBytes() {
    return acceptedBytes;
  }

  /** Lets go of everything; later runs are ignored. */
  synchronized void drop() {
    dropped = true;
    pending.forEach(run -> run.memory().release());
    pending.clear();
    unacknowledged.forEach(run -> run.memory().release());
    unacknowledged.clear();
  }
}
