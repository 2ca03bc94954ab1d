package dev.andante.compute.onednn;

import com.sun.management.OperatingSystemMXBean;
import dev.andante.compute.BackendException;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts what is packed against the memory that there is. The system promises more memory than it
 * has and ends a process that takes it at its word; this fails before, with a reason.
 */
final class MemoryLimit {

  private final long limit;
  private final AtomicLong taken = new AtomicLong();

  /**
   * @param limit bytes
   */
  MemoryLimit(long limit) {
    this.limit = limit;
  }

  /** All memory of the machine, or of the container where that has less. */
  static MemoryLimit ofThisMachine() {
    return new MemoryLimit(
        ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
            ? system.getTotalMemorySize()
            : Long.MAX_VALUE);
  }

  /**
   * Before {@code bytes} are allocated for the weight {@code name}.
   *
   * @throws BackendException if that is more than there can be
   */
  void take(String name, long bytes) {
    long all = taken.addAndGet(bytes);
    if (all > limit) {
      throw tooLittle(name, bytes, all + " bytes with the weights before it, of " + limit, null);
    }
  }

  /** What to say, and to do, where {@code bytes} for {@code name} cannot be had. */
  static BackendException tooLittle(
      String name, long bytes, String why, @Nullable Throwable cause) {
    return new BackendException(
        "no memory to pack "
            + name
            + " for oneDNN: it takes "
            + bytes
            + " bytes outside the heap ("
            + why
            + "); give the process more memory, or set andante.compute.backend to one that takes"
            + " less: native or vector",
        cause);
  }
}
