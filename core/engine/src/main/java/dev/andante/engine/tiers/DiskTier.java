package dev.andante.engine.tiers;

import dev.andante.engine.kvcache.BlockKey;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Blocks on disk. Writing is another thread's work; reading is done by who asks, so the disk should
 * be a local one. An error of the disk turns the tier off for good, and serving goes on without it;
 * a block that is not what was written is given up alone. Engine thread only.
 */
final class DiskTier implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(DiskTier.class.getName());

  private final SlotFile file;
  private final SlotIndex index;
  private final TierNews news;
  private final DiskWriter writer;
  private final MemorySegment scratch;

  /** Blocks not yet written: their content can be had from the buffer meanwhile. */
  private final Map<BlockKey, UnderWay> underWay = new HashMap<>();

  private record UnderWay(SlotIndex.Entry entry, MemorySegment buffer) {}

  private boolean off;

  /**
   * @param file this tier's from now on
   * @param threads makes the writer's thread
   */
  DiskTier(SlotFile file, int slots, TierNews news, ThreadFactory threads) {
    this.file = file;
    this.index = new SlotIndex(slots);
    this.news = news;
    this.scratch = Arena.ofAuto().allocate(file.bufferBytes(), 64);
    this.writer = new DiskWriter(file, threads);
  }

  TierNews news() {
    return news;
  }

  /** The entry of that name, as the one used last, or null. */
  SlotIndex.@Nullable Entry use(BlockKey key) {
    return off ? null : index.use(key);
  }

  /** Takes a copy of a block, if it can do so at once. */
  void spill(NamedContent content, MemorySegment from) {
    settle();
    if (off || index.use(content.key()) != null) {
      return;
    }
    @Nullable MemorySegment buffer = makeRoom() ? writer.borrow() : null;
    if (buffer == null) {
      news.dropped();
      return;
    }
    MemorySegment.copy(from, 0, file.payload(buffer), 0, from.byteSize());
    SlotIndex.Entry entry = index.add(content);
    entry.hold();
    underWay.put(content.key(), new UnderWay(entry, buffer));
    writer.write(entry.slot(), content.key(), buffer);
  }

  private boolean makeRoom() {
    if (!index.isFull()) {
      return true;
    }
    SlotIndex.@Nullable Entry eldest = writer.freeBuffers() == 0 ? null : index.eldest();
    if (eldest == null) {
      return false;
    }
    remove(eldest);
    return true;
  }

  /**
   * The content of an entry, valid until the next call; null if it is gone or not what was written,
   * and the entry is given up.
   */
  @Nullable MemorySegment read(SlotIndex.Entry entry) {
    BlockKey key = entry.content().key();
    if (off || index.use(key) != entry) {
      return null;
    }
    @Nullable UnderWay unwritten = underWay.get(key);
    if (unwritten != null) {
      return file.payload(unwritten.buffer());
    }
    try {
      if (file.read(entry.slot(), key, scratch)) {
        return file.payload(scratch);
      }
    } catch (IOException e) {
      turnOff(e);
      return null;
    }
    news.damaged();
    remove(entry);
    return null;
  }

  private void remove(SlotIndex.Entry entry) {
    index.remove(entry);
    news.removed(entry.content().key(), index.used() - underWay.size());
  }

  /** Takes note of writes that are over. */
  void settle() {
    DiskWriter.@Nullable Written written = off ? null : writer.poll();
    while (written != null) {
      if (written.failure() != null) {
        turnOff(written.failure());
        return;
      }
      writer.giveBack(written.buffer());
      @Nullable UnderWay over = underWay.remove(written.key());
      if (over != null) {
        over.entry().letGo();
        news.stored(over.entry().content(), index.used() - underWay.size());
      }
      written = writer.poll();
    }
  }

  private void turnOff(Exception failure) {
    off = true;
    writer.stop();
    underWay.clear();
    index.clear();
    LOG.log(
        System.Logger.Level.WARNING,
        "KV cannot be kept on disk: that tier is off until the engine is started anew",
        failure);
    news.failed();
  }

  /**
   * @throws IllegalStateException describing the first inconsistency
   */
  void checkIntegrity() {
    index.checkIntegrity("disk", underWay.size());
    if (!off && writer.freeBuffers() + underWay.size() != writer.buffers()) {
      throw new IllegalStateException(
          "disk tier: %d buffers free and %d under way of %d"
              .formatted(writer.freeBuffers(), underWay.size(), writer.buffers()));
    }
  }

  @Override
  public void close() {
    off = true;
    writer.close();
  }
}
