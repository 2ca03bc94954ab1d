package dev.andante.engine.tiers;

import dev.andante.engine.kvcache.BlockKey;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A file that is none, and that does whatever files do when they are in trouble. */
final class MemorySlotFile implements SlotFile {

  private record Slot(BlockKey key, byte[] payload) {}

  private final long payloadBytes;
  private final Map<Integer, Slot> slots = new ConcurrentHashMap<>();

  /** Writes that still succeed. */
  final AtomicInteger writesLeft = new AtomicInteger(Integer.MAX_VALUE);

  /** Whether the disk can be read at all. */
  volatile boolean readable = true;

  /** While set, writes wait for it. */
  volatile @Nullable CountDownLatch gate;

  final CountDownLatch closed = new CountDownLatch(1);

  MemorySlotFile(long payloadBytes) {
    this.payloadBytes = payloadBytes;
  }

  /** What is in the slots is not to be had any more. */
  void damageAll() {
    slots.clear();
  }

  @Override
  public long bufferBytes() {
    return payloadBytes;
  }

  @Override
  public MemorySegment payload(MemorySegment buffer) {
    return buffer;
  }

  @Override
  public void write(int slot, BlockKey key, MemorySegment buffer) throws IOException {
    CountDownLatch wait = gate;
    try {
      if (wait != null && !wait.await(60, TimeUnit.SECONDS)) {
        throw new IOException("nobody opened the gate");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    if (writesLeft.getAndDecrement() <= 0) {
      throw new IOException("No space left on device");
    }
    slots.put(slot, new Slot(key, buffer.toArray(ValueLayout.JAVA_BYTE)));
  }

  @Override
  public boolean read(int slot, BlockKey key, MemorySegment buffer) throws IOException {
    if (!readable) {
      throw new IOException("Input/output error");
    }
    Slot found = slots.get(slot);
    if (found == null || !found.key().equals(key)) {
      return false;
    }
    MemorySegment.copy(MemorySegment.ofArray(found.payload()), 0, buffer, 0, payloadBytes);
    return true;
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
