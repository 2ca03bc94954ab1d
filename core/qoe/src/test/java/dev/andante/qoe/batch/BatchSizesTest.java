package dev.andante.qoe.batch;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BatchSizesTest {

  @Test
  void spreadsGeometricallyWithThePresentSizeFirst() {
    assertThat(BatchSizes.spread(1, 64, 10, 8)).containsExactly(10, 1, 2, 4, 8, 16, 32, 64);
    assertThat(BatchSizes.spread(20, 20, 0, 8)).containsExactly(20);
    assertThat(BatchSizes.spread(4, 64, 100, 1)).containsExactly(64);
    assertThat(BatchSizes.spread(4, 64, 0, 1)).containsExactly(64);
    assertThat(BatchSizes.spread(4, 64, 7, 1)).containsExactly(7);
  }

  @Property
  void areFewAndIncludeThePresentAndTheLargest(
      @ForAll @IntRange(min = 1, max = 1000) int min,
      @ForAll @IntRange(max = 1000) int more,
      @ForAll @IntRange(max = 3000) int running,
      @ForAll @IntRange(min = 2, max = 8) int count) {
    int max = min + more;
    assertThat(BatchSizes.spread(min, max, running, count))
        .hasSizeLessThanOrEqualTo(count)
        .contains(max)
        .allMatch(size -> size >= 1 && size <= max)
        .allMatch(size -> size >= min || size == running);
    if (running > 0) {
      assertThat(BatchSizes.spread(min, max, running, count)).startsWith(Math.min(running, max));
    }
  }
}
