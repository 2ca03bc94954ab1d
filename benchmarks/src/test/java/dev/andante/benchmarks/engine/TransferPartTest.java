package dev.andante.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TransferPartTest {

  private final TransferPart part = new TransferPart();

  @Test
  void allWaysMoveTheSameBytes() {
    List<Map<String, Object>> lines = new ArrayList<>();
    part.run(Map.of("kv-tokens", "37", "kv-shape", "2,1,4", "rounds", "2"), lines::add);
    assertThat(lines)
        .extracting(line -> line.get("way"))
        .containsExactly("tcp", "push", "push_grpc", "push_q8");
    assertThat(lines).extracting(line -> line.get("bytes")).containsOnly(37L * 2 * 2 * 4 * 2);
    assertThat(lines).allSatisfy(line -> assertThat(line).containsKeys("mb_per_s", "of_tcp"));
    assertThat((List<?>) lines.getLast().get("seconds")).hasSize(2);
    assertThat(lines.getFirst().get("of_tcp")).isEqualTo(1.0);
  }

  @Test
  void shapesHaveThreeNumbers() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> part.run(Map.of("kv-shape", "30,3"), _ -> {}))
        .withMessageContaining("--kv-shape");
  }
}
