package dev.andante.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class DiscardBitShadowTest {

  /** The bound of algorithms.md §9: misses ≤ those of the best + (k−1)·η0 + η1. */
  @Property(tries = 20_000)
  void missesStayWithinTheBoundHoweverWrongTheBitsAre(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 6) int slots,
      @ForAll @IntRange(min = 1, max = 9) int pages,
      @ForAll @IntRange(max = 10) int tenthsWrong) {
    Random random = new Random(seed);
    int[] trace = random.ints(1 + random.nextInt(80), 0, pages).toArray();
    Belady best = Belady.of(trace, slots);
    int wrongZeros = 0;
    int wrongOnes = 0;
    DiscardBitShadow shadow = new DiscardBitShadow(slots);
    for (int at = 0; at < trace.length; at++) {
      boolean truth = best.discards()[at];
      boolean bit = truth ^ random.nextInt(10) < tenthsWrong;
      wrongZeros += truth && !bit ? 1 : 0;
      wrongOnes += bit && !truth ? 1 : 0;
      shadow.use(new BlockKey(0, trace[at]), bit);
    }
    assertThat(shadow.misses())
        .isLessThanOrEqualTo(best.misses() + (slots - 1L) * wrongZeros + wrongOnes);
    if (tenthsWrong == 0) {
      assertThat(shadow.misses())
          .as("right bits are as good as the future")
          .isEqualTo(best.misses());
    }
  }
}
