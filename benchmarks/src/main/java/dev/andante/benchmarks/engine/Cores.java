package dev.andante.benchmarks.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;

/** Threads that stay on one core, where the system lets them: Linux. */
final class Cores {

  private static final int MASK_BYTES = 128;

  private final AtomicBoolean pinned = new AtomicBoolean(true);

  /** Whether all threads made so far that have begun are where they were to be. */
  boolean pinned() {
    return pinned.get();
  }

  /** Threads that keep to that core, from 0. */
  ThreadFactory on(int core) {
    return task ->
        Thread.ofPlatform()
            .name("engine-on-" + core)
            .daemon(true)
            .unstarted(
                () -> {
                  if (!pin(core)) {
                    pinned.set(false);
                  }
                  task.run();
                });
  }

  @SuppressWarnings("restricted") // one call of the C library
  private static boolean pin(int core) {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle call =
          Linker.nativeLinker()
              .downcallHandle(
                  Linker.nativeLinker().defaultLookup().findOrThrow("sched_setaffinity"),
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_LONG,
                      ValueLayout.ADDRESS));
      MemorySegment mask = arena.allocate(MASK_BYTES);
      mask.set(ValueLayout.JAVA_BYTE, core / 8, (byte) (1 << core % 8));
      return (int) call.invokeExact(0, (long) MASK_BYTES, mask) == 0;
    } catch (Throwable e) {
      return false; // another system; the result says so
    }
  }
}
