package dev.andante.compute.cuda;

import org.jspecify.annotations.Nullable;

/** Working memory of the kernels that is reused by every operation; grows, never shrinks. */
final class Scratch {

  private final CommandQueue queue;
  private final String what;
  private @Nullable CudaMemory memory;

  Scratch(CommandQueue queue, String what) {
    this.queue = queue;
    this.what = what;
  }

  /** Address of at least {@code bytes} bytes, valid until the next call. */
  long atLeast(long bytes) {
    CudaMemory current = memory;
    if (current == null || current.bytes() < bytes) {
      queue.finish();
      if (current != null) {
        current.close();
        memory = null;
      }
      // Twice as much, so that a slowly growing need does not reallocate at every step.
      long size = Math.max(1 << 20, Long.highestOneBit(Math.max(1, bytes - 1)) * 2);
      current = queue.device().allocate(size, what);
      memory = current;
    }
    return current.address();
  }
}
