package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class CallBudgetTest {

  private long now;

  private CallBudget budget(double share, double perSecond, int most, int saved) {
    return new CallBudget(share, perSecond, most, saved, () -> now);
  }

  private static int spent(CallBudget budget) {
    int calls = 0;
    while (budget.spend()) {
      calls++;
    }
    return calls;
  }

  @Test
  void oneForEachFour() {
    CallBudget budget = budget(0.25, 0, 10, 0);
    for (int i = 0; i < 3; i++) {
      budget.earn();
      assertThat(budget.spend()).isFalse();
    }
    budget.earn();
    assertThat(spent(budget)).isEqualTo(1);
  }

  @Test
  void someEachSecond() {
    CallBudget budget = budget(0, 4, 10, 0);
    assertThat(budget.hasSome()).isFalse();
    assertThat(budget.spend()).isFalse();
    now += 1_500_000_000;
    assertThat(budget.hasSome()).isTrue();
    assertThat(spent(budget)).isEqualTo(6);
    now -= 1_000_000_000; // no more for a clock that goes back
    assertThat(budget.spend()).isFalse();
  }

  @Test
  void noMoreThanCanBeSavedUp() {
    CallBudget budget = budget(1, 1, 7, 3);
    assertThat(spent(budget)).isEqualTo(3);
    now += 3600_000_000_000L;
    assertThat(spent(budget)).isEqualTo(7);
    for (int i = 0; i < 100; i++) {
      budget.earn();
    }
    assertThat(spent(budget)).isEqualTo(7);
  }

  /** Whatever the order: extra calls are at most the share of the ordinary ones, and the saved. */
  @Test
  void extraCallsStayInProportion() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      int saved = random.nextInt(20);
      int often = random.nextInt(1, 10);
      CallBudget budget = budget(0.2, 0, 50, saved);
      int ordinary = 0;
      int extra = 0;
      for (int i = 0; i < 400; i++) {
        if (random.nextInt(10) < often) {
          budget.earn();
          ordinary++;
        } else if (budget.spend()) {
          extra++;
        }
        assertThat((double) extra).as("seed %d", seed).isLessThan(0.2 * ordinary + saved + 1e-9);
      }
    }
  }
}
