package dev.andante.engine.tiers;

import dev.andante.engine.kvcache.BlockKey;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Writes blocks to a file on a thread of its own, which owns the file's end. Whoever writes borrows
 * a buffer, and waits for nothing: without a free buffer there is no write. All methods are for one
 * thread, the engine's.
 */
final class DiskWriter implements AutoCloseable {

  /** Memory for blocks under way: a prompt that needs room gives up many at once. */
  private static final long BUFFER_BYTES = 32L << 20;

  private static final int MIN_BUFFERS = 4;
  private static final int MAX_BUFFERS = 256;

  /** How long {@link #close} waits for the write in progress. */
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(10);

  private static final System.Logger LOG = System.getLogger(DiskWriter.class.getName());

  /**
   * A write that is over.
   *
   * @param failure null if it is written
   */
  record Written(BlockKey key, MemorySegment buffer, @Nullable Exception failure) {}

  private record Job(int slot, BlockKey key, MemorySegment buffer) {}

  private static final Job END = new Job(-1, new BlockKey(0, 0), MemorySegment.NULL);

  private final SlotFile file;
  private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
  private final int buffers;
  private final BlockingQueue<Job> jobs;
  private final Queue<Written> written = new ConcurrentLinkedQueue<>();
  private final Thread thread;
  private volatile boolean stopping;

  /**
   * @param file closed by the writer's thread when it ends
   * @param threads makes that thread, a daemon
   */
  DiskWriter(SlotFile file, ThreadFactory threads) {
    this.file = file;
    buffers = Math.clamp(BUFFER_BYTES / file.bufferBytes(), MIN_BUFFERS, MAX_BUFFERS);
    jobs = new ArrayBlockingQueue<>(buffers + 1);
    for (int i = 0; i < buffers; i++) {
      // Freed when nobody knows it any more, so also after a write that never ended.
      free.add(Arena.ofAuto().allocate(file.bufferBytes(), 64));
    }
    thread = threads.newThread(this::run);
    thread.start();
  }

  /** A buffer to fill, or null while all are under way. */
  @Nullable MemorySegment borrow() {
    return free.poll();
  }

  /** Has a borrowed buffer written, which must not be changed until it is given back. */
  void write(int slot, BlockKey key, MemorySegment buffer) {
    jobs.add(new Job(slot, key, buffer));
  }

  /** The next write that is over and was not told of, or null. */
  @Nullable Written poll() {
    return written.poll();
  }

  void giveBack(MemorySegment buffer) {
    free.add(buffer);
  }

  /** Blocks that may be under way. */
  int buffers() {
    return buffers;
  }

  int freeBuffers() {
    return free.size();
  }

  private void run() {
    try (file) {
      for (Job job = jobs.take(); !job.equals(END) && !stopping; job = jobs.take()) {
        written.add(new Written(job.key(), job.buffer(), failureOf(job)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private @Nullable Exception failureOf(Job job) {
    try {
      file.write(job.slot(), job.key(), job.buffer());
      return null;
    } catch (IOException | RuntimeException e) {
      return e;
    }
  }

  /** Writes nothing more; returns at once. The file is gone soon. */
  void stop() {
    if (!stopping) {
      stopping = true;
      jobs.add(END); // there is room: no more jobs than buffers
    }
  }

  /** Stops and waits until the file is gone. */
  @Override
  public void close() {
    stop();
    try {
      if (!thread.join(CLOSE_PATIENCE)) {
        LOG.log(System.Logger.Level.WARNING, "a write to disk does not end; left behind");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
