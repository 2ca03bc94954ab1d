package dev.andante.engine.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.host.HostKvPool;
import dev.andante.engine.KvTierObserver;
import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.EvictionPolicy;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.engine.kvcache.LeastRecentlyUsed;
import dev.andante.engine.kvcache.PrefixCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A prefix cache over a real pool and real tiers. The KV of a token is a hash of it and all that
 * comes before it, as real KV depends on that.
 */
final class TierFixture implements AutoCloseable {

  /** What the tiers counted. */
  static final class Counts implements KvTierObserver {
    final Map<KvTier, Integer> loaded = new EnumMap<>(KvTier.class);
    final Map<KvTier, Integer> stored = new EnumMap<>(KvTier.class);
    final Map<KvTier, Long> used = new EnumMap<>(KvTier.class);
    final Map<KvTier, Integer> dropped = new EnumMap<>(KvTier.class);
    int damaged;
    int failed;

    @Override
    public void onStored(KvTier tier, long bytes) {
      stored.merge(tier, 1, Integer::sum);
    }

    @Override
    public void onLoaded(KvTier tier, int blocks, long bytes, long nanos) {
      assertThat(blocks).isPositive();
      loaded.merge(tier, blocks, Integer::sum);
    }

    @Override
    public void onUsed(KvTier tier, long bytes) {
      used.put(tier, bytes);
    }

    @Override
    public void onDropped(KvTier tier) {
      dropped.merge(tier, 1, Integer::sum);
    }

    @Override
    public void onDamaged(KvTier tier) {
      damaged++;
    }

    @Override
    public void onFailed(KvTier tier) {
      failed++;
    }

    int loaded(KvTier tier) {
      return loaded.getOrDefault(tier, 0);
    }

    int dropped(KvTier tier) {
      return dropped.getOrDefault(tier, 0);
    }
  }

  final Counts counts = new Counts();

  /** What replaying the events says that each tier holds. */
  final Map<KvTier, Set<BlockKey>> offered = new EnumMap<>(KvTier.class);

  final int blockSize;
  final KvPool memory;
  final KvTiers tiers;
  final BlockPool pool;
  final PrefixCache cache;
  private final MemorySegment cell = Arena.ofAuto().allocate(Long.BYTES, Long.BYTES);

  /**
   * @param file null = no disk tier
   * @param diskBlocks slots of the file
   */
  TierFixture(
      int blockSize,
      int blocks,
      EvictionPolicy eviction,
      int hostBlocks,
      @Nullable SlotFile file,
      int diskBlocks) {
    this.blockSize = blockSize;
    for (KvTier tier : KvTier.values()) {
      offered.put(tier, new HashSet<>());
    }
    memory = new HostKvPool(layout(blockSize), blocks);
    tiers =
        KvTiers.open(
            hostBlocks * memory.layout().bytesPerBlock(),
            memory,
            file,
            diskBlocks,
            (context, tokens) -> 1,
            this::replay,
            counts,
            () -> 0);
    pool = new BlockPool(blocks, eviction, this::replay, tiers);
    cache = new PrefixCache(pool, blockSize, "m", memory::copy, true, tiers);
  }

  TierFixture(int blocks, int hostBlocks, @Nullable SlotFile file, int diskBlocks) {
    this(2, blocks, new LeastRecentlyUsed(blocks), hostBlocks, file, diskBlocks);
  }

  /** One layer, one head of one element: key and value of a token are one long. */
  static KvLayout layout(int blockSize) {
    return new KvLayout(1, 1, 1, blockSize, DType.F32);
  }

  private void replay(KvEvent event) {
    Set<BlockKey> there = offered.get(event.tier());
    switch (event) {
      case KvEvent.Stored stored -> assertThat(there.add(stored.key())).isTrue();
      case KvEvent.Removed removed -> assertThat(there.remove(removed.key())).isTrue();
      case KvEvent.Cleared _ -> there.clear();
    }
  }

  int held(KvTier tier) {
    return offered.get(tier).size();
  }

  private static long text(int[] tokens, int length) {
    long hash = 7;
    for (int i = 0; i < length; i++) {
      hash = (hash ^ tokens[i]) * 0x9E3779B97F4A7C15L + 1;
    }
    return hash;
  }

  /** Writes the KV of tokens {@code [from, to)} of a sequence. */
  void compute(BlockTable table, int[] tokens, int from, int to) {
    for (int at = from; at < to; at++) {
      int block = table.block(at / blockSize);
      assertThat(pool.references(block)).as("written by its only owner").isEqualTo(1);
      assertThat(pool.named(block)).as("written although it is known").isFalse();
      cell.set(ValueLayout.JAVA_LONG, 0, text(tokens, at + 1));
      memory.write(block, at % blockSize, 1, 0, 1, cell);
    }
    cache.publish(table, tokens, to);
  }

  /** Whether the first {@code computed} tokens of a sequence have their own KV. */
  boolean reads(BlockTable table, int[] tokens, int computed) {
    for (int at = 0; at < computed; at++) {
      memory.read(table.block(at / blockSize), at % blockSize, 1, 0, 1, cell);
      if (cell.get(ValueLayout.JAVA_LONG, 0) != text(tokens, at + 1)) {
        return false;
      }
    }
    return true;
  }

  /** Opens a table for the tokens, sees that what is there is right, and computes the rest. */
  int run(BlockTable table, int... tokens) {
    int cached = cache.open(table, tokens, tokens.length, 0);
    assertThat(cached).isBetween(0, tokens.length - 1);
    assertThat(reads(table, tokens, cached)).as("what was there is its own").isTrue();
    compute(table, tokens, cached, tokens.length);
    return cached;
  }

  /** The same for a sequence that comes and goes. */
  int once(int... tokens) {
    BlockTable table = newTable();
    int cached = run(table, tokens);
    table.releaseAll();
    check(List.of());
    return cached;
  }

  /** Has the pool give up whatever it keeps. */
  void flush() {
    BlockTable all = newTable();
    assertThat(all.ensure(pool.free() * blockSize)).isTrue();
    all.releaseAll();
    assertThat(pool.kept()).isZero();
  }

  BlockTable newTable() {
    return new BlockTable(pool, blockSize);
  }

  void check(List<BlockTable> live) {
    tiers.settle();
    int[] owned = new int[pool.total()];
    new ArrayList<>(live).forEach(table -> table.countInto(owned));
    pool.checkIntegrity(owned);
    cache.checkIntegrity();
    for (KvTier tier : List.of(KvTier.HOST, KvTier.DISK)) {
      assertThat(counts.used.getOrDefault(tier, 0L))
          .isEqualTo(held(tier) * memory.layout().bytesPerBlock());
    }
  }

  @Override
  public void close() {
    cache.close();
    memory.close();
  }
}
