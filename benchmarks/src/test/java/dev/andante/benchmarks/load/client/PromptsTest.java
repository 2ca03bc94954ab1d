package dev.andante.benchmarks.load.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.benchmarks.load.workload.Demand;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PromptsTest {

  private final Prompts prompts = Prompts.unmeasured(5);

  @Test
  void theLengthIsAsTheTokenizerCounts() {
    assertThat(words(prompts.text(0, new Demand(100, 1)))).hasSize(100);
    Prompts measured = new Prompts(5, 2.5, 10);
    assertThat(words(measured.text(0, new Demand(110, 1)))).hasSize(40);
    assertThat(words(measured.text(0, new Demand(1, 1)))).hasSize(1);
  }

  @Test
  void aSeedGivesTheSameTextAndRequestsBeginDifferently() {
    Set<String> starts = new HashSet<>();
    for (int i = 0; i < 2000; i++) {
      String text = prompts.text(i, new Demand(20, 1));
      assertThat(Prompts.unmeasured(5).text(i, new Demand(20, 1))).isEqualTo(text);
      starts.add(String.join(" ", words(text).subList(0, 6)));
    }
    assertThat(starts).hasSize(2000);
    assertThat(Prompts.unmeasured(6).text(0, new Demand(20, 1)))
        .isNotEqualTo(prompts.text(0, new Demand(20, 1)));
  }

  @Test
  void equalBlocksAreEqualTextAndTheRestIsNot() {
    List<String> one = words(prompts.text(1, new Demand(50, 1, List.of(7L, 8L), 20)));
    List<String> two = words(prompts.text(2, new Demand(50, 1, List.of(7L, 9L), 20)));
    assertThat(one.subList(0, 20)).isEqualTo(two.subList(0, 20));
    assertThat(one.subList(20, 40)).isNotEqualTo(two.subList(20, 40));
    assertThat(one.subList(40, 50)).isNotEqualTo(two.subList(40, 50));
    assertThat(new HashSet<>(one.subList(0, 20))).hasSizeGreaterThan(5);
  }

  private static List<String> words(String text) {
    return List.of(text.split(" "));
  }
}
