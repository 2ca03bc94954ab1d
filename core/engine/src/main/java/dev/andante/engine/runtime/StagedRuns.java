package dev.andante.engine.runtime;

import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Copies of a few runs that wait for the engine thread, so that those who bring them need not.
 * Their memory is used again. Thread-safe.
 */
final class StagedRuns {

  /** Of all transfers together: as many as are stored between two steps. */
  static final int MOST = 8;

  private static final long LONGEST_STEP_SECONDS = 60;

  /** Beyond what runs take, so that memory fits later ones. */
  private static final long GRAIN = 64 << 10;

  private final Semaphore room = new Semaphore(MOST);
  private final Deque<MemorySegment> free = new ArrayDeque<>(); // guarded by itself

  /**
   * Waits for room, while the engine is in a step.
   *
   * @return to be given back by {@link #done}
   * @throws EngineException INTERNAL if there is none for a minute
   */
  MemorySegment copyOf(MemorySegment run) {
    try {
      if (!room.tryAcquire(LONGEST_STEP_SECONDS, TimeUnit.SECONDS)) {
        throw new EngineException(Code.INTERNAL, "the engine does not come out of a step");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(Code.INTERNAL, "interrupted", e);
    }
    return memory(run.byteSize()).asSlice(0, run.byteSize()).copyFrom(run);
  }

  private MemorySegment memory(long bytes) {
    MemorySegment again = again();
    return again != null && again.byteSize() >= bytes
        ? again
        : Arena.ofAuto().allocate((bytes + GRAIN - 1) / GRAIN * GRAIN, Long.BYTES);
  }

  private @Nullable MemorySegment again() {
    synchronized (free) {
      return free.pollLast();
    }
  }

  /** It is needed no longer. */
  void done(MemorySegment copy) {
    synchronized (free) {
      free.addLast(copy);
    }
    room.release();
  }
}
