package dev.andante.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CachePartTest {

  @Test
  void readsFullBlocksOnly() {
    String line = "{\"timestamp\": 3, \"input_length\": 1030, \"hash_ids\": [0, 7, 9]}";
    assertThat(PromptTrace.prompt(line, 1)).containsExactly(0, 7);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PromptTrace.prompt("{\"hash_ids\": [1]}", 4))
        .withMessageContaining("line 4");
  }

  @Test
  void theOptimumKeepsWhatIsUsedNext() {
    Optimum optimum = Optimum.of(new int[] {1, 2, 3, 1, 2, 3}, 2);
    assertThat(optimum.hits()).isEqualTo(2);
    assertThat(optimum.discards()).containsExactly(false, true, false, true, false, false);
  }

  @Test
  void theOptimumIsTheBestOfAllChoices() {
    Random random = new Random(5);
    for (int i = 0; i < 300; i++) {
      int[] uses = random.ints(12, 0, 5).toArray();
      int slots = 1 + random.nextInt(4);
      assertThat(Optimum.of(uses, slots).hits()).isEqualTo(best(uses, 0, new ArrayList<>(), slots));
    }
  }

  private static int best(int[] uses, int at, List<Integer> held, int slots) {
    if (at == uses.length) {
      return 0;
    }
    if (held.contains(uses[at])) {
      return 1 + best(uses, at + 1, held, slots);
    }
    List<Integer> more = new ArrayList<>(held);
    more.add(uses[at]);
    if (held.size() < slots) {
      return best(uses, at + 1, more, slots);
    }
    int best = 0;
    for (int victim = 0; victim < held.size(); victim++) {
      List<Integer> left = new ArrayList<>(more);
      left.subList(victim, victim + 1).clear();
      best = Math.max(best, best(uses, at + 1, left, slots));
    }
    return best;
  }

  @Test
  void everyPolicyIsReplayedBesideTheOptimum(@TempDir Path folder) throws IOException {
    Path trace = folder.resolve("trace.jsonl");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      text.append(
          "{\"input_length\": 1600, \"hash_ids\": [0, %d, %d, 9]}\n".formatted(i % 7 + 1, i + 100));
    }
    Files.writeString(trace, text);
    List<Map<String, Object>> lines = new ArrayList<>();
    new CachePart()
        .run(Map.of("trace", trace.toString(), "pools", "4,8", "in-flight", "2"), lines::add);
    assertThat(lines).hasSize(8);
    assertThat(lines)
        .allSatisfy(
            line -> {
              assertThat((double) line.get("hit_rate"))
                  .isBetween(0.0, (double) line.get("belady_hit_rate"));
              assertThat(line).containsEntry("blocks", 180L);
            });
    assertThat(lines)
        .filteredOn(line -> "learned".equals(line.get("policy")))
        .allSatisfy(line -> assertThat(line.get("eta0")).isInstanceOf(Long.class));
  }

  @Test
  void optionsThatMakeNoSenseAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CachePart().run(Map.of(), _ -> {}))
        .withMessageContaining("--trace");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EngineBenchmark.parse(new String[] {"--what", "1"}));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EngineBenchmark.parse(new String[] {"--pools"}));
    assertThat(EngineBenchmark.parse(new String[] {"--only", "cache", "--pools", "3"}))
        .containsEntry("pools", "3");
  }
}
