package dev.andante.engine.runtime;

import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Memory for copies of a few runs that wait for the engine thread, so that those who bring them
 * need not. It is used again, and grows to the size in use. Thread-safe.
 */
final class StagedRuns {

  /** Of all transfers together: as many as are stored between two steps. */
  static final int MOST = 8;

  private static final long LONGEST_STEP_SECONDS = 60;

  private final BlockingQueue<MemorySegment> free = new ArrayBlockingQueue<>(MOST);

  StagedRuns() {
    for (int i = 0; i < MOST; i++) {
      free.add(MemorySegment.NULL);
    }
  }

  /**
   * Waits for room, while the engine is in a step.
   *
   * @return that many bytes or more; to be given back by {@link #done}
   * @throws EngineException INTERNAL if there is none for a minute
   */
  MemorySegment take(long bytes) {
    MemorySegment memory = await();
    if (memory.byteSize() >= bytes) {
      return memory;
    }
    try {
      return Arena.ofAuto().allocate(bytes, Long.BYTES);
    } catch (OutOfMemoryError e) {
      done(memory); // its room is there for smaller runs
      throw e;
    }
  }

  private MemorySegment await() {
    try {
      MemorySegment memory = free.poll(LONGEST_STEP_SECONDS, TimeUnit.SECONDS);
      if (memory == null) {
        throw new EngineException(Code.INTERNAL, "the engine does not come out of a step");
      }
      return memory;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(Code.INTERNAL, "interrupted", e);
    }
  }

  /** What was taken is needed no longer. */
  void done(MemorySegment memory) {
    free.add(memory);
  }
}
