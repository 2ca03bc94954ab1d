package dev.andante.prefill;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Room for KV that was computed before its receiver had blocks for it. It takes memory, so there is
 * only so much. Thread-safe.
 */
final class Parking {

  /** Part of it. To be left once; more often is harmless. */
  final class Place {

    private final long bytes;
    private final AtomicBoolean left = new AtomicBoolean();

    private Place(long bytes) {
      this.bytes = bytes;
    }

    void leave() {
      if (left.compareAndSet(false, true)) {
        used.addAndGet(-bytes);
      }
    }
  }

  private final long capacity;
  private final AtomicLong used = new AtomicLong();

  /**
   * @param capacity in bytes; 0 = nothing is computed before there are blocks for it
   */
  Parking(long capacity) {
    this.capacity = capacity;
  }

  /** Null if there is not so much room. */
  @Nullable Place take(long bytes) {
    long before = used.getAndUpdate(now -> now + bytes <= capacity ? now + bytes : now);
    return before + bytes <= capacity ? new Place(bytes) : null;
  }

  long usedBytes() {
    return used.get();
  }
}
