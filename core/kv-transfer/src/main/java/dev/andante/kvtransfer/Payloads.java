package dev.andante.kvtransfer;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntFunction;
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

    private final ByteBuffer memory;
    private int holders = 1; // guarded by this

    private Payload(ByteBuffer memory) {
      this.memory = memory;
    }

    /**
     * Its first bytes, position 0; what was in them before may still be. A view of its own for each
     * caller. On the heap it has an array and begins with it.
     *
     * @param length as many as were asked for, at most
     */
    public ByteBuffer bytes(int length) {
      return memory.slice(0, length);
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
        keep(memory);
      }
    }
  }

  private static final int SHARE_OF_HEAP = 8;

  private final IntFunction<ByteBuffer> allocate;
  private final long mostKept;
  private final Deque<ByteBuffer> kept = new ArrayDeque<>(); // guarded by this
  private long keptBytes; // guarded by this

  private Payloads(IntFunction<ByteBuffer> allocate, long mostKept) {
    this.allocate = allocate;
    this.mostKept = mostKept;
  }

  /**
   * In arrays, as gRPC reads into.
   *
   * @param mostKept bytes that nobody uses and that are there for the next ones
   */
  public static Payloads onHeap(long mostKept) {
    return new Payloads(ByteBuffer::allocate, mostKept);
  }

  /**
   * Where a socket reads and writes without another copy. The JVM bounds it like the heap ({@code
   * -XX:MaxDirectMemorySize}); beyond that in arrays.
   *
   * @param mostKept bytes that nobody uses and that are there for the next ones
   */
  public static Payloads offHeap(long mostKept) {
    return new Payloads(Payloads::outside, mostKept);
  }

  /** A heap that is full ends the process; being out of this memory would end some thread. */
  private static ByteBuffer outside(int bytes) {
    try {
      return ByteBuffer.allocateDirect(bytes);
    } catch (OutOfMemoryError e) {
      return ByteBuffer.allocate(bytes);
    }
  }

  /** That much, or less if the heap is small. */
  public static long share(long bytes) {
    return Math.min(bytes, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
  }

  /** Memory for that many bytes, held once. */
  public Payload take(int bytes) {
    ByteBuffer memory = again();
    return new Payload(
        memory == null || memory.capacity() < bytes ? allocate.apply(bytes) : memory);
  }

  /** The one used last. If it is too small it is forgotten: those kept grow to the size in use. */
  private synchronized @Nullable ByteBuffer again() {
    ByteBuffer memory = kept.pollLast();
    if (memory != null) {
      keptBytes -= memory.capacity();
    }
    return memory;
  }

  private synchronized void keep(ByteBuffer memory) {
    if (keptBytes + memory.capacity() <= mostKept) {
      kept.addLast(memory);
      keptBytes += memory.capacity();
    }
  }

  /** What nobody uses. */
  public synchronized long keptBytes() {
    return keptBytes;
  }
}
