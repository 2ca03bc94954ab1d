package dev.andante.qoe.knapsack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KnapsackTest {

  private static final double ROUNDING = 1e-9;

  private static List<Item> random(Random random, int count, int maxWeight) {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double value = random.nextInt(8) == 0 ? 0 : random.nextDouble();
      items.add(new Item(value, 1 + random.nextInt(maxWeight)));
    }
    return items;
  }

  @Property(tries = 500)
  void greedyIsAtMostExactIsAtMostFractional(
      @ForAll long seed,
      @ForAll @IntRange(max = 12) int count,
      @ForAll @IntRange(max = 60) int capacity,
      @ForAll @IntRange(max = 12) int maxItems) {
    List<Item> items = random(new Random(seed), count, 20);
    Packing packing = GreedyKnapsack.pack(items, capacity, maxItems);
    double exact = ExactKnapsack.best(items, capacity, maxItems);
    assertThat(exact)
        .isCloseTo(ExactKnapsack.exhaustive(items, capacity, maxItems), within(ROUNDING));
    assertThat(packing.value()).isLessThanOrEqualTo(exact + ROUNDING);
    assertThat(exact).isLessThanOrEqualTo(FractionalBound.of(items, capacity, maxItems) + ROUNDING);

    assertThat(packing.chosen()).doesNotHaveDuplicates().hasSizeLessThanOrEqualTo(maxItems);
    assertThat(packing.weight())
        .isLessThanOrEqualTo(capacity)
        .isEqualTo(packing.chosen().stream().mapToLong(i -> items.get(i).weight()).sum());
    assertThat(packing.value())
        .isCloseTo(
            packing.chosen().stream().mapToDouble(i -> items.get(i).value()).sum(),
            within(ROUNDING));
  }

  /** Nothing that would still fit is left out, which the papers' pseudo-code does. */
  @Property(tries = 200)
  void leavesNothingThatFits(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 100) int capacity) {
    List<Item> items = random(new Random(seed), 15, 30);
    Packing packing = GreedyKnapsack.pack(items, capacity, 10);
    for (int i = 0; i < items.size(); i++) {
      assertThat(
              packing.chosen().contains(i)
                  || packing.chosen().size() == 10
                  || items.get(i).weight() > capacity - packing.weight())
          .isTrue();
    }
  }

  /**
   * How far from the best on instances like a server's: 40 requests of 50 to 2,000 tokens; memory
   * for some of them; the limit on their number slack, moderate, tight.
   */
  @ParameterizedTest
  @CsvSource({"40, 0.99, 0.95", "12, 0.99, 0.9", "8, 0.99, 0.9", "4, 0.99, 0.9"})
  void isWithinAFewPercentOfTheBest(int maxItems, double mean, double worst) {
    Random random = new Random(42);
    double sum = 0;
    double least = 1;
    int instances = 150;
    for (int instance = 0; instance < instances; instance++) {
      List<Item> items = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        // In units of 10 tokens, so that the exact solution stays cheap.
        items.add(new Item(random.nextDouble(), 5 + random.nextInt(195)));
      }
      int capacity = 300 + random.nextInt(900);
      double ratio =
          GreedyKnapsack.pack(items, capacity, maxItems).value()
              / ExactKnapsack.best(items, capacity, maxItems);
      sum += ratio;
      least = Math.min(least, ratio);
    }
    assertThat(sum / instances).isGreaterThan(mean);
    assertThat(least).isGreaterThan(worst);
  }

  @Test
  void goesOnPastAMisfit() {
    List<Item> items = List.of(new Item(9, 60), new Item(8, 60), new Item(1, 40));
    assertThat(GreedyKnapsack.pack(items, 100, 3).chosen()).containsExactly(0, 2);
  }

  @Test
  void whereNumberBindsTakesTheMostValuable() {
    List<Item> items = List.of(new Item(1, 1), new Item(5, 50), new Item(4, 40));
    assertThat(GreedyKnapsack.pack(items, 100, 1).chosen()).containsExactly(1);
    assertThat(GreedyKnapsack.pack(items, 100, 2).chosen()).containsExactly(1, 2);
  }

  @Test
  void equalsAreTakenInTheirOrder() {
    List<Item> items = List.of(new Item(2, 2), new Item(1, 1), new Item(1, 1), new Item(2, 2));
    assertThat(GreedyKnapsack.pack(items, 4, 4).chosen()).containsExactly(0, 1, 2);
    assertThat(GreedyKnapsack.pack(items, 3, 4).chosen()).containsExactly(0, 1);
    assertThat(GreedyKnapsack.pack(items, 2, 1).chosen()).containsExactly(0);
  }

  @Test
  void takesNothingWhereNothingMayBeTaken() {
    List<Item> items = List.of(new Item(1, 1));
    assertThat(GreedyKnapsack.pack(items, 0, 1).chosen()).isEmpty();
    assertThat(GreedyKnapsack.pack(items, -5, 1).chosen()).isEmpty();
    assertThat(GreedyKnapsack.pack(items, 5, 0).chosen()).isEmpty();
    assertThat(GreedyKnapsack.pack(items, 5, -1).chosen()).isEmpty();
    assertThat(FractionalBound.of(items, -5, 1)).isZero();
    assertThat(FractionalBound.of(items, 5, -1)).isZero();
  }

  @Test
  void cutsTheLastItemForTheBound() {
    List<Item> items = List.of(new Item(6, 3), new Item(4, 4), new Item(100, 20));
    assertThat(FractionalBound.of(items, 5, 3)).isEqualTo(8);
    assertThat(FractionalBound.of(items, 5, 1)).isEqualTo(6);
  }

  @Test
  void refusesItemsThatAreNone() {
    assertThatThrownBy(() -> new Item(-0.1, 1)).hasMessageContaining("value");
    assertThatThrownBy(() -> new Item(Double.NaN, 1)).hasMessageContaining("value");
    assertThatThrownBy(() -> new Item(1, 0)).hasMessageContaining("weight");
  }
}
