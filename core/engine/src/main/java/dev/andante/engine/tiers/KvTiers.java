package dev.andante.engine.tiers;

import dev.andante.compute.BackendException;
import dev.andante.compute.KvPool;
import dev.andante.engine.KvTierObserver;
import dev.andante.engine.TierLimits;
import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.engine.kvcache.LowerTiers;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The host tier and, if there is one, the disk tier below a pool. */
public final class KvTiers implements LowerTiers {

  private static final System.Logger LOG = System.getLogger(KvTiers.class.getName());

  private static final ThreadFactory WRITERS =
      Thread.ofPlatform().name("andante-kv-disk").daemon(true).factory();

  private final KvPool pool;
  private final HostTier host;
  private final TierNews hostNews;
  private final @Nullable DiskTier disk;
  private final LoadCost cost;
  private final LongSupplier nanoTime;

  private KvTiers(
      KvPool pool,
      HostTier host,
      TierNews hostNews,
      @Nullable DiskTier disk,
      LoadCost cost,
      LongSupplier nanoTime) {
    this.pool = pool;
    this.host = host;
    this.hostNews = hostNews;
    this.disk = disk;
    this.cost = cost;
    this.nanoTime = nanoTime;
  }

  /**
   * Takes the memory and makes the file.
   *
   * @param pool stays the caller's; must outlive the tiers
   * @param recompute what loading competes with
   * @param events called for each name that comes and goes below the pool
   * @throws IllegalArgumentException if the limits cannot be had, saying which
   */
  public static LowerTiers open(
      TierLimits limits,
      KvPool pool,
      RecomputeTime recompute,
      Consumer<? super KvEvent> events,
      KvTierObserver observer,
      LongSupplier nanoTime) {
    if (!limits.any()) {
      return LowerTiers.NONE;
    }
    long bytes = pool.layout().bytesPerBlock();
    boolean withDisk = limits.diskBytes() > 0;
    int slots = withDisk ? diskSlots(limits.diskBytes(), bytes) : 0;
    @Nullable SlotFile file = withDisk ? file(limits.diskFolder().orElseThrow(), bytes) : null;
    return open(limits.hostBytes(), pool, file, slots, recompute, events, observer, nanoTime);
  }

  /**
   * @param file the tiers' from now on; null = no disk tier
   * @param slots of the file
   */
  static KvTiers open(
      long hostBytes,
      KvPool pool,
      @Nullable SlotFile file,
      int slots,
      RecomputeTime recompute,
      Consumer<? super KvEvent> events,
      KvTierObserver observer,
      LongSupplier nanoTime) {
    long bytes = pool.layout().bytesPerBlock();
    HostTier host;
    try {
      host = new HostTier(hostBytes, bytes);
    } catch (RuntimeException e) {
      if (file != null) {
        file.close();
      }
      throw e;
    }
    return new KvTiers(
        pool,
        host,
        new TierNews(KvTier.HOST, bytes, events, observer),
        file == null
            ? null
            : new DiskTier(
                file, slots, new TierNews(KvTier.DISK, bytes, events, observer), WRITERS),
        new LoadCost(recompute, pool.layout().blockSize()),
        nanoTime);
  }

  private static SlotFile file(Path folder, long bytes) {
    try {
      return DiskFile.create(folder, bytes);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "disk_folder " + folder + " cannot hold the disk tier's file: " + e, e);
    }
  }

  private static int diskSlots(long diskBytes, long bytes) {
    long slots = diskBytes / DiskFile.slotBytes(bytes);
    if (slots < 1 || slots > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "disk_bytes of %d hold %d blocks of %d bytes; they must hold 1 to 2^31 - 1"
              .formatted(diskBytes, slots, DiskFile.slotBytes(bytes)));
    }
    return (int) slots;
  }

  @Override
  public void offer(int block, BlockKey key, BlockKey parent, int depth) {
    SlotIndex index = host.index();
    if (index.use(key) != null) {
      return;
    }
    if (index.isFull() && !giveUpEldest()) {
      hostNews.dropped();
      return;
    }
    NamedContent content = new NamedContent(key, parent, depth);
    SlotIndex.Entry entry = index.add(content);
    int tokens = pool.layout().blockSize();
    try {
      pool.read(block, 0, tokens, 0, pool.layout().layers(), host.content(entry));
    } catch (BackendException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot keep a KV block: " + e.getMessage(), e);
      index.remove(entry);
      hostNews.dropped();
      return;
    }
    hostNews.stored(content, index.used());
  }

  private boolean giveUpEldest() {
    SlotIndex.@Nullable Entry eldest = host.index().eldest();
    if (eldest == null) {
      return false;
    }
    if (disk != null) {
      disk.spill(eldest.content(), host.content(eldest));
    }
    host.index().remove(eldest);
    hostNews.removed(eldest.content().key(), host.index().used());
    return true;
  }

  @Override
  public Run claim(IntFunction<BlockKey> keys, int from, int to, Otherwise otherwise) {
    settle();
    List<Found> found = new ArrayList<>();
    @Nullable Found next = from < to ? find(keys.apply(from), otherwise) : null;
    while (next != null) {
      found.add(next);
      int at = from + found.size();
      next = at < to ? find(keys.apply(at), otherwise) : null;
    }
    // A beginning outlives what continues it.
    found.reversed().forEach(this::use);
    int worth =
        otherwise == Otherwise.SENT
            ? found.size()
            : cost.worth(from, found.stream().map(Found::tier).toList());
    return worth == 0 ? Run.NOTHING : new Claimed(found.subList(0, worth));
  }

  /** A block in a tier. */
  private record Found(KvTier tier, SlotIndex.Entry entry) {}

  /** Reading from disk is worth it instead of computing, not instead of receiving. */
  private @Nullable Found find(BlockKey key, Otherwise otherwise) {
    SlotIndex.@Nullable Entry inMemory = host.index().use(key);
    if (inMemory != null) {
      return new Found(KvTier.HOST, inMemory);
    }
    SlotIndex.@Nullable Entry onDisk =
        disk == null || otherwise == Otherwise.SENT ? null : disk.use(key);
    return onDisk == null ? null : new Found(KvTier.DISK, onDisk);
  }

  private void use(Found one) {
    BlockKey key = one.entry().content().key();
    if (one.tier() == KvTier.HOST) {
      host.index().use(key);
    } else {
      onDisk().use(key);
    }
  }

  @Override
  public boolean inMemory(BlockKey key) {
    return host.index().has(key);
  }

  @Override
  public int blocksInMemory() {
    return host.index().slots();
  }

  @Override
  public double secondsPerBlock() {
    return cost.seconds(KvTier.HOST);
  }

  @Override
  public void settle() {
    if (disk != null) {
      disk.settle();
    }
  }

  @Override
  public void checkIntegrity() {
    host.index().checkIntegrity("host", 0);
    if (disk != null) {
      disk.checkIntegrity();
    }
  }

  @Override
  public void close() {
    try {
      host.close();
    } finally {
      if (disk != null) {
        disk.close();
      }
    }
  }

  /** Copies a block to one of the pool; false if it is gone or that fails. */
  private boolean copy(Found from, int block) {
    @Nullable MemorySegment content =
        from.tier() == KvTier.HOST ? host.content(from.entry()) : onDisk().read(from.entry());
    if (content == null) {
      return false;
    }
    try {
      pool.write(block, 0, pool.layout().blockSize(), 0, pool.layout().layers(), content);
      return true;
    } catch (BackendException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot load a KV block: " + e.getMessage(), e);
      return false;
    }
  }

  private DiskTier onDisk() {
    if (disk == null) {
      throw new IllegalStateException("there is no disk tier");
    }
    return disk;
  }

  /** Blocks that are held to be loaded. */
  private final class Claimed implements Run {

    private final List<Found> found;
    private final LoadTally inMemory = new LoadTally(hostNews);
    private final @Nullable LoadTally onDisk = disk == null ? null : new LoadTally(disk.news());

    Claimed(List<Found> found) {
      this.found = found;
      found.forEach(one -> one.entry().hold());
    }

    @Override
    public int blocks() {
      return found.size();
    }

    @Override
    public boolean load(int index, int block) {
      Found one = found.get(index);
      long start = nanoTime.getAsLong();
      boolean done = copy(one, block);
      long took = nanoTime.getAsLong() - start;
      cost.observe(one.tier(), took);
      if (onDisk != null && one.tier() == KvTier.DISK) {
        onDisk.add(done, took);
      } else {
        inMemory.add(done, took);
      }
      return done;
    }

    @Override
    public void close() {
      found.forEach(one -> one.entry().letGo());
      inMemory.tell();
      if (onDisk != null) {
        onDisk.tell();
      }
    }
  }
}
