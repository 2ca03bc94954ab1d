package dev.andante.kvtransfer.grpc;

import dev.andante.compute.KvLayout;
import dev.andante.engine.KvView;
import dev.andante.kvtransfer.EightBitRows;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvRun;
import dev.andante.kvtransfer.Payloads;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Runs on their way out: filled by the engine thread, emptied as the receiver acknowledges them, so
 * that they can be sent again over another stream. Nothing leaves before the receiver has said how
 * it wants runs coded; they wait as they are, and are coded each time they leave. Holds at most the
 * KV of the whole prompt. Holds the memory of a run until it is acknowledged, or all are dropped.
 * Thread-safe, for one who takes at a time; locks are held for moments.
 */
final class SendQueue {

  /** A run as it is, whose checksum has not been computed yet. */
  private record Pending(
      int firstToken, int tokens, int firstLayer, int layers, Payloads.Payload memory) {

    long tokenLayers() {
      return (long) tokens * layers;
    }
  }

  /**
   * A run to be written.
   *
   * @param memory of its payload; held for the one who writes it, too
   */
  record Taken(KvRun run, Payloads.Payload memory) {}

  private final Payloads payloads;
  private final KvLayout layout;
  private final long capacity; // tokens in each layer, added up
  private final int maxFrameBytes;
  private final Deque<Pending> pending = new ArrayDeque<>();
  private final Deque<Pending> unacknowledged = new ArrayDeque<>(); // the last of those taken
  private @Nullable KvCoding coding; // from the grant on
  private int known; // leading tokens that need not be sent
  private long accepted; // tokens in each layer, added up
  private long kept; // bytes of what is pending or unacknowledged, as they are
  private long taken;
  private boolean closed;
  private boolean dropped;

  /**
   * @param maxFrameBytes of a run as it is
   */
  SendQueue(Payloads payloads, KvLayout layout, int promptTokens, int maxFrameBytes) {
    this.payloads = payloads;
    this.layout = layout;
    this.capacity = (long) promptTokens * layout.layers();
    this.maxFrameBytes = maxFrameBytes;
  }

  /**
   * Copies a run of all layers, in pieces of whole layers; not one that need not be sent.
   *
   * @return false if that would be more than the prompt has: the caller is at fault
   */
  synchronized boolean add(int firstToken, int tokens, KvView kv) {
    if (dropped || closed || firstToken + tokens <= known) {
      return true;
    }
    int layers = layout.layers();
    long perLayer = layout.bytesPerTokenLayer() * tokens;
    if (accepted + (long) tokens * layers > capacity) {
      return false;
    }
    accepted += (long) tokens * layers;
    int layersPerFrame = (int) Math.max(1, Math.min(layers, maxFrameBytes / perLayer));
    for (int first = 0; first < layers; first += layersPerFrame) {
      int count = Math.min(layersPerFrame, layers - first);
      int bytes = Math.toIntExact(perLayer * count);
      Payloads.Payload memory = payloads.take(bytes);
      kv.copyTo(first, count, MemorySegment.ofBuffer(memory.bytes(bytes)));
      pending.add(new Pending(firstToken, tokens, first, count, memory));
      kept += bytes;
    }
    return true;
  }

  /** The next run, coded, numbered and with its checksum; null if none waits or none may leave. */
  @Nullable Taken take() {
    Pending next;
    KvCoding agreed;
    long sequence;
    synchronized (this) {
      agreed = coding;
      next = agreed == null ? null : pending.poll();
      if (agreed == null || next == null) {
        return null;
      }
      sequence = taken++;
      unacknowledged.add(next);
      next.memory().hold();
    }
    Payloads.Payload memory = agreed == KvCoding.AS_IS ? next.memory() : eightBits(next);
    int bytes = Math.toIntExact(agreed.bytes(layout, next.tokenLayers()));
    KvRun run =
        KvRun.of(
            sequence,
            next.firstToken(),
            next.tokens(),
            next.firstLayer(),
            next.layers(),
            memory.bytes(bytes));
    return new Taken(run, memory);
  }

  /** In memory of its own; what was held for the one who writes the run is let go of. */
  private Payloads.Payload eightBits(Pending run) {
    int from = Math.toIntExact(KvCoding.AS_IS.bytes(layout, run.tokenLayers()));
    int to = Math.toIntExact(KvCoding.Q8.bytes(layout, run.tokenLayers()));
    Payloads.Payload coded = payloads.take(to);
    new EightBitRows(layout)
        .write(
            run.tokenLayers(),
            MemorySegment.ofBuffer(run.memory().bytes(from)),
            MemorySegment.ofBuffer(coded.bytes(to)));
    run.memory().release();
    return coded;
  }

  /** The receiver has stored every run below that number. */
  synchronized void acknowledged(long nextSequence) {
    while (taken - unacknowledged.size() < nextSequence && !unacknowledged.isEmpty()) {
      letGo(unacknowledged.remove());
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
   * The receiver has granted blocks; once, and nothing can be taken before.
   *
   * @param tokens that need not be sent, leading ones: their runs are let go of, and ignored from
   *     now on
   * @param wanted how it wants the others coded
   */
  synchronized void begin(int tokens, KvCoding wanted) {
    coding = wanted;
    known = tokens;
    pending.removeIf(
        run -> {
          boolean spared = run.firstToken() + run.tokens() <= tokens;
          if (spared) {
            accepted -= run.tokenLayers();
            letGo(run);
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
    return closed && coding != null && pending.isEmpty();
  }

  /** Of what has not been taken, or not been acknowledged: bytes, as they are. */
  synchronized long kept() {
    return kept;
  }

  private void letGo(Pending run) {
    kept -= KvCoding.AS_IS.bytes(layout, run.tokenLayers());
    run.memory().release();
  }

  /** How many runs have been taken. */
  synchronized long taken() {
    return taken;
  }

  /** Of all runs that had to be sent, as coded. */
  synchronized long acceptedBytes() {
    return (coding == null ? KvCoding.AS_IS : coding).bytes(layout, accepted);
  }

  /** Lets go of everything; later runs are ignored. */
  synchronized void drop() {
    dropped = true;
    pending.forEach(this::letGo);
    pending.clear();
    unacknowledged.forEach(this::letGo);
    unacknowledged.clear();
  }
}
