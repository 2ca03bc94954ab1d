package dev.andante.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Bits good and bad on a pool of which no block is in use between requests. */
class DiscardBitTest {

  private static final BlockKey ROOT = new BlockKey(-1, -1);

  private static int better;
  private static int worse;

  /** Where bits come from. */
  enum Bits {
    TRUE {
      @Override
      boolean bit(boolean truth, int at, int length, Random random) {
        return truth;
      }
    },
    INVERTED {
      @Override
      boolean bit(boolean truth, int at, int length, Random random) {
        return !truth;
      }
    },
    ALWAYS {
      @Override
      boolean bit(boolean truth, int at, int length, Random random) {
        return true;
      }
    },
    RANDOM {
      @Override
      boolean bit(boolean truth, int at, int length, Random random) {
        return random.nextBoolean();
      }
    },
    /** Wins trust, then abuses it, again and again. */
    TURNCOAT {
      @Override
      boolean bit(boolean truth, int at, int length, Random random) {
        return truth ^ at * 16L / length % 2 == 1;
      }
    };

    abstract boolean bit(boolean truth, int at, int length, Random random);
  }

  @Property(tries = 1000)
  void hitsStayAboveTheFloorHoweverWrongTheBitsAre(
      @ForAll long seed,
      @ForAll Bits bits,
      @ForAll @IntRange(min = 1, max = 12) int blocks,
      @ForAll @IntRange(min = 2, max = 40) int pages) {
    Random random = new Random(seed);
    int[] trace = trace(random, 600, pages);
    int byLastUse = hits(trace, blocks, new LeastRecentlyUsed(blocks));
    int hits = hits(trace, blocks, learned(trace, blocks, bits, random));
    better += hits > byLastUse ? 1 : 0;
    worse += hits < byLastUse ? 1 : 0;
    assertThat(hits).isGreaterThanOrEqualTo((int) Math.floor(0.95 * byLastUse - blocks) - 1);
  }

  @ParameterizedTest
  @EnumSource(Bits.class)
  void inTheLongRunNoBitsCostMoreThanATwentiethOfTheHits(Bits bits) {
    for (int blocks : new int[] {5, 20, 60}) {
      Random random = new Random(7);
      int[] trace = trace(random, 8000, 200);
      int byLastUse = hits(trace, blocks, new LeastRecentlyUsed(blocks));
      int hits = hits(trace, blocks, learned(trace, blocks, bits, random));
      assertThat(hits).isGreaterThanOrEqualTo((int) Math.ceil(0.95 * byLastUse));
    }
  }

  @Example
  void rightBitsAreAsGoodAsTheFuture() {
    int[] trace = trace(new Random(3), 2000, 60);
    Belady best = Belady.of(trace, 15);
    int hits = hits(trace, 15, learned(trace, 15, Bits.TRUE, new Random(0)));
    assertThat(hits).isEqualTo(trace.length - best.misses());
    assertThat(hits).isGreaterThan(hits(trace, 15, new LeastRecentlyUsed(15)));
  }

  /** A prefix that is used again and again among contents that are used once. */
  @Example
  void historyKeepsWhatIsUsedAgainFromWhatIsNot() {
    int[] trace = new int[6000];
    for (int at = 0; at < trace.length; at++) {
      trace[at] = at % 20 < 4 ? at % 20 : 100 + at;
    }
    int blocks = 12;
    int byLastUse = hits(trace, blocks, new LeastRecentlyUsed(blocks));
    int hits = hits(trace, blocks, new DiscardBit(blocks, DiscardBit.fromHistory(blocks)));
    assertThat(byLastUse).as("sixteen others come between two uses").isZero();
    assertThat(hits).isGreaterThan(trace.length / 5 * 9 / 10);
  }

  @AfterContainer
  static void bitsMattered() {
    assertThat(better).isPositive();
    assertThat(worse).isPositive();
  }

  /** Half of the requests are for few pages; which ones changes with time. */
  private static int[] trace(Random random, int length, int pages) {
    int[] trace = new int[length];
    Arrays.setAll(
        trace,
        at ->
            random.nextBoolean()
                ? (at / 300 + random.nextInt(1 + pages / 8)) % pages
                : random.nextInt(pages));
    return trace;
  }

  private static DiscardBit learned(int[] trace, int blocks, Bits bits, Random random) {
    boolean[] truth = Belady.of(trace, blocks).discards();
    int[] at = {0};
    return new DiscardBit(blocks, (_, _) -> bits.bit(truth[at[0]], at[0]++, trace.length, random));
  }

  private static int hits(int[] trace, int blocks, EvictionPolicy policy) {
    BlockPool pool = new BlockPool(blocks, policy);
    int hits = 0;
    for (int page : trace) {
      BlockKey key = new BlockKey(0, page);
      int block = pool.find(key);
      if (block == BlockPool.NONE) {
        block = pool.allocate();
        pool.name(block, key, ROOT, 0);
      } else {
        pool.retain(block);
        hits++;
      }
      pool.release(block);
    }
    pool.checkIntegrity(new int[blocks]);
    return hits;
  }
}
