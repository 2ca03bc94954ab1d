package dev.andante.kvtransfer;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Memory of payloads that is used again, so that a steady push makes no garbage. What is kept for
 * later is bounded; what is in use is not, that is up to those who use it. Thread-safe.
 */
public final class Payloads {

  /**
   * Memory that several may hold. Who takes it is the first holder; when the last one lets go it
   * may be used for something else. A holder that never lets go leaves it to the garbage collector,
   * so forgetting costs memory, never content.
   */
  public final class Payload {

    private final byte[] array;
    private int holders = 1; // guarded by this

    private Payload(byte[] array) {
      this.array = array;
    }

    /** At least as long as was asked for; what was in it before may still be. */
    public byte[] array() {
      return array;
    }

    /**
     * One more holds it.
     *
     * @throws IllegalStateException if nobody did any more
     */
    public synchronized void hold() {
      if (holders == 0) {
        throw new IllegalStateException("the payload may be used for something else already");
      }
      holders++;
    }

    /**
     * One of the holders needs it no longer.
     *
     * @throws IllegalStateException if nobody held it
     */
    public void release() {
      boolean last;
      synchronized (this) {
        if (holders == 0) {
          throw new IllegalStateException("a payload was let go of once too often");
        }
        holders--;
        last = holders == 0;
      }
      if (last) {
        keep(array);
      }
    }
  }

  private static final int SHARE_OF_HEAP = 8;

  private final long mostKept;
  private final Deque<byte[]> kept = new ArrayDeque<>(); // guarded by this
  private long keptBytes; // guarded by this

  /**
   * @param mostKept bytes that nobody uses and that are there for the next ones
   */
  public Payloads(long mostKept) {
    this.mostKept = mostKept;
  }

  /** That much, or less if the heap is small. */
  public static long share(long bytes) {
    return Math.min(bytes, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
  }

  /** Memory for that many bytes, held once. */
  public Payload take(int bytes) {
    byte[] array = again();
    return new Payload(array == null || array.length < bytes ? new byte[bytes] : array);
  }

  /** The one used last. If it is too small it is forgotten: those kept grow to the size in use. */
  private synchronized byte @Nullable [] again() {
    byte[] array = kept.pollLast();
    if (array != null) {
      keptBytes -= array.length;
    }
    return array;
  }

  private synchronized void keep(byte[] array) {
    if (keptBytes + array.length <= mostKept) {
      kept.addLast(array);
      keptBytes += array.length;
    }
  }

  /** What nobody uses. */
  public synchronized long keptBytes() {
    return keptBytes;
  }
}
