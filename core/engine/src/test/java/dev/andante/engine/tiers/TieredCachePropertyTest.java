package dev.andante.engine.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.kvcache.PrefixCachePolicy;
import dev.andante.engine.kvcache.RecomputeCost;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.jspecify.annotations.Nullable;

/**
 * Pool, host tier and disk tier together, against what each token's KV must be: whatever sequences
 * come, grow and go, and whatever the disk does, each reads its own KV and nobody's else, no block
 * and no slot is lost, and what the events say is what is there.
 */
class TieredCachePropertyTest {

  private static int fromHost;
  private static int fromDisk;
  private static int damaged;
  private static int failed;
  private static int more;

  /** One sequence; {@code computed} of its tokens have their KV. */
  private static final class Sequence {
    final BlockTable table;
    int[] tokens;
    int computed;

    Sequence(BlockTable table, int[] tokens) {
      this.table = table;
      this.tokens = tokens;
    }
  }

  @Property(tries = 400, shrinking = ShrinkingMode.OFF)
  void sequencesReadTheirOwnKv(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 4) int blockSize,
      @ForAll @IntRange(min = 1, max = 12) int blocks,
      @ForAll @IntRange(min = 1, max = 6) int hostBlocks,
      @ForAll @IntRange(min = 1, max = 12) int diskBlocks,
      @ForAll PrefixCachePolicy policy) {
    Random random = new Random(seed);
    MemorySlotFile disk = new MemorySlotFile(TierFixture.layout(blockSize).bytesPerBlock());
    boolean fills = random.nextBoolean();
    List<Sequence> live = new ArrayList<>();
    try (TierFixture f =
        new TierFixture(
            blockSize,
            blocks,
            policy.create(blocks, new RecomputeCost(2)),
            hostBlocks,
            random.nextInt(8) == 0 ? null : disk,
            diskBlocks)) {
      for (int step = 0; step < 120; step++) {
        @Nullable Sequence some = live.isEmpty() ? null : live.get(random.nextInt(live.size()));
        switch (random.nextInt(20)) {
          case 0 -> {
            if (fills) {
              disk.writesLeft.updateAndGet(left -> Math.min(left, random.nextInt(6)));
            } else {
              disk.damageAll();
            }
          }
          case 1, 2, 3, 4, 5, 6, 7 -> admit(f, random, live);
          case 8, 9, 10, 11, 12 -> compute(f, some, 1 + random.nextInt(16));
          case 13 -> grow(some, random.nextInt(2));
          default -> end(some, live);
        }
        check(f, live);
      }
      List.copyOf(live).forEach(sequence -> end(sequence, live));
      check(f, live);
      assertThat(f.pool.free()).isEqualTo(blocks);
      fromHost += f.counts.loaded(KvTier.HOST);
      fromDisk += f.counts.loaded(KvTier.DISK);
      damaged += f.counts.damaged;
      failed += f.counts.failed;
    }
  }

  private static void admit(TierFixture f, Random random, List<Sequence> live) {
    int[] tokens = new int[1 + random.nextInt(5 * f.blockSize)];
    int choice = random.nextInt(); // few kinds of blocks, so that sequences begin alike
    Arrays.setAll(tokens, i -> (choice >>> (i / f.blockSize)) & 1);
    Sequence sequence = new Sequence(f.newTable(), tokens);
    boolean receives = random.nextInt(4) == 0;
    int free = f.pool.free();
    int cached =
        receives
            ? f.cache.openToReceive(sequence.table, tokens, tokens.length + 1, random.nextInt(3))
            : f.cache.open(sequence.table, tokens, tokens.length, random.nextInt(3));
    if (cached == PrefixCache.NO_ROOM) {
      assertThat(f.pool.free()).isEqualTo(free);
      assertThat(sequence.table.size()).isZero();
      return;
    }
    assertThat(cached).isBetween(0, receives ? tokens.length : tokens.length - 1);
    assertThat(sequence.table.loaded() * f.blockSize)
        .isLessThanOrEqualTo((cached / f.blockSize + 1) * f.blockSize);
    sequence.computed = cached;
    live.add(sequence);
  }

  private static void compute(TierFixture f, @Nullable Sequence sequence, int most) {
    if (sequence != null) {
      int until = Math.min(sequence.tokens.length, sequence.computed + most);
      f.compute(sequence.table, sequence.tokens, sequence.computed, until);
      sequence.computed = until;
    }
  }

  private static void grow(@Nullable Sequence sequence, int token) {
    if (sequence != null && sequence.table.ensure(sequence.tokens.length + 1)) {
      more++;
      sequence.tokens = Arrays.copyOf(sequence.tokens, sequence.tokens.length + 1);
      sequence.tokens[sequence.tokens.length - 1] = token;
    }
  }

  private static void end(@Nullable Sequence sequence, List<Sequence> live) {
    if (sequence != null) {
      sequence.table.releaseAll();
      live.remove(sequence);
    }
  }

  private static void check(TierFixture f, List<Sequence> live) {
    f.check(live.stream().map(sequence -> sequence.table).toList());
    for (Sequence sequence : live) {
      assertThat(f.reads(sequence.table, sequence.tokens, sequence.computed)).isTrue();
    }
    int named = 0;
    for (int block = 0; block < f.pool.total(); block++) {
      named += f.pool.named(block) ? 1 : 0;
    }
    assertThat(f.held(KvTier.POOL)).isEqualTo(named);
  }

  @AfterContainer
  static void itWasWorthIt() {
    assertThat(fromHost).as("blocks loaded from memory").isPositive();
    assertThat(fromDisk).as("blocks loaded from disk").isPositive();
    assertThat(damaged).as("blocks damaged").isPositive();
    assertThat(failed).as("disks full").isPositive();
    assertThat(more).as("tokens added").isPositive();
  }
}
