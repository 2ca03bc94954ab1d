package dev.andante.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

/**
 * Pool and cache against a model that remembers what every block was last filled with: whatever
 * sequences come, grow and go, each reads its own tokens and nobody's else, nothing is lost, and
 * what could be shared was.
 */
class PrefixCachePropertyTest {

  private static final int ALPHABET = 2;
  private static long shared;
  private static long copies;
  private static long refused;

  /** One sequence; {@code computed} of its tokens are in its blocks. */
  private static final class Sequence {
    final BlockTable table;
    int[] tokens;
    int size;
    int computed;

    Sequence(BlockTable table, int[] tokens) {
      this.table = table;
      this.tokens = tokens;
      this.size = tokens.length;
    }
  }

  private final List<Sequence> live = new ArrayList<>();

  /** What replaying the events says that the cache holds. */
  private final Set<BlockKey> offered = new HashSet<>();

  private int blockSize;
  private BlockPool pool;
  private PrefixCache cache;

  /** What each slot of each block holds: everything before it and itself, as in real KV. */
  private List<Integer>[][] content;

  @Property(tries = 800)
  void sequencesReadTheirOwnTokens(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 4) int size,
      @ForAll @IntRange(min = 1, max = 14) int blocks,
      @ForAll PrefixCachePolicy policy) {
    Random random = new Random(seed);
    offered.clear();
    start(size, new BlockPool(blocks, policy.create(blocks, new RecomputeCost(2)), this::replay));
    for (int step = 0; step < 60; step++) {
      Sequence some = live.isEmpty() ? null : live.get(random.nextInt(live.size()));
      switch (random.nextInt(6)) {
        case 0, 1 -> admit(random);
        case 2, 3 -> {
          if (some != null) {
            compute(some, 1 + random.nextInt(6));
          }
        }
        case 4 -> {
          if (some != null) {
            grow(some, random.nextInt(ALPHABET));
          }
        }
        default -> {
          if (some != null) {
            some.table.releaseAll();
            live.remove(some);
          }
        }
      }
      check();
    }
    live.forEach(sequence -> sequence.table.releaseAll());
    live.clear();
    check();
    assertThat(pool.free()).isEqualTo(blocks);
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private void start(int size, BlockPool fresh) {
    blockSize = size;
    pool = fresh;
    content = new List[fresh.total()][size];
    live.clear();
    cache =
        new PrefixCache(
            pool,
            size,
            "m",
            (from, to) -> {
              copies++;
              content[to] = content[from].clone();
            },
            true);
  }

  private void admit(Random random) {
    int[] tokens = new int[1 + random.nextInt(4 * blockSize)];
    Arrays.setAll(tokens, i -> random.nextInt(ALPHABET));
    Sequence sequence = new Sequence(new BlockTable(pool, blockSize), tokens);
    int spare = random.nextInt(3);
    int free = pool.free();
    int known = known(sequence);
    int cached = cache.open(sequence.table, tokens, tokens.length, spare);
    if (cached == PrefixCache.NO_ROOM) {
      refused++;
      assertThat(sequence.table.size()).isZero();
      assertThat(pool.free()).isEqualTo(free);
      assertThat(free - spare)
          .as("a cache never makes less room")
          .isLessThan(sequence.table.missingFor(tokens.length) + 1);
      return;
    }
    assertThat(cached).isLessThan(tokens.length);
    assertThat(pool.free()).isGreaterThanOrEqualTo(spare);
    assertThat(cached)
        .as("all that is known is used, but for the last token or, at worst, block")
        .isGreaterThanOrEqualTo(Math.min(known, ((tokens.length - 1) / blockSize) * blockSize));
    shared += cached;
    sequence.computed = cached;
    live.add(sequence);
  }

  /** Tokens of the leading full blocks that somebody else has, computed and named. */
  private int known(Sequence sequence) {
    int tokens = 0;
    while (tokens + blockSize <= sequence.size) {
      List<Integer> last = text(sequence.tokens, tokens + blockSize);
      boolean found = false;
      for (int block = 0; block < pool.total(); block++) {
        found |= pool.named(block) && last.equals(content[block][blockSize - 1]);
      }
      if (!found) {
        break;
      }
      tokens += blockSize;
    }
    return tokens;
  }

  private void compute(Sequence sequence, int most) {
    int until = Math.min(sequence.size, sequence.computed + most);
    for (int at = sequence.computed; at < until; at++) {
      int block = sequence.table.block(at / blockSize);
      assertThat(pool.references(block)).as("written by its only owner").isEqualTo(1);
      assertThat(pool.named(block)).as("written although it is known").isFalse();
      content[block][at % blockSize] = text(sequence.tokens, at + 1);
    }
    sequence.computed = until;
    cache.publish(sequence.table, sequence.tokens, until);
  }

  private void grow(Sequence sequence, int token) {
    if (sequence.table.ensure(sequence.size + 1)) {
      sequence.tokens = Arrays.copyOf(sequence.tokens, sequence.size + 1);
      sequence.tokens[sequence.size++] = token;
    }
  }

  private void replay(KvEvent event) {
    boolean news =
        switch (event) {
          case KvEvent.Stored stored -> offered.add(stored.key());
          case KvEvent.Removed removed -> offered.remove(removed.key());
          case KvEvent.Cleared _ -> false;
        };
    assertThat(news).isTrue();
  }

  private void check() {
    int named = 0;
    for (int block = 0; block < pool.total(); block++) {
      named += pool.named(block) ? 1 : 0;
    }
    assertThat(offered).hasSize(named).allMatch(key -> pool.find(key) != BlockPool.NONE);
    int[] owned = new int[pool.total()];
    for (Sequence sequence : live) {
      sequence.table.countInto(owned);
      for (int at = 0; at < sequence.computed; at++) {
        assertThat(content[sequence.table.block(at / blockSize)][at % blockSize])
            .isEqualTo(text(sequence.tokens, at + 1));
      }
    }
    pool.checkIntegrity(owned);
    Set<Integer> inUse = new HashSet<>();
    live.forEach(
        sequence -> {
          for (int i = 0; i < sequence.table.size(); i++) {
            inUse.add(sequence.table.block(i));
          }
        });
    assertThat(pool.free()).isEqualTo(pool.total() - inUse.size());
    assertThat(pool.kept()).isLessThanOrEqualTo(pool.free());
  }

  private static List<Integer> text(int[] tokens, int length) {
    return Arrays.stream(tokens, 0, length).boxed().toList();
  }

  @AfterContainer
  static void itWasWorthIt() {
    assertThat(shared).as("tokens shared").isPositive();
    assertThat(copies).as("blocks copied").isPositive();
    assertThat(refused).as("sequences without room").isPositive();
  }
}
