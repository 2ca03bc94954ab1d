package dev.andante.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SchedulerPartTest {

  @Test
  void aLineForEachPolicyAndNumberOfRequests() {
    List<Map<String, Object>> lines = new ArrayList<>();
    new SchedulerPart().run(Map.of("running", "3,8", "steps", "300"), lines::add);
    assertThat(lines)
        .extracting(line -> line.get("policy") + " " + line.get("running"))
        .containsExactly(
            "fcfs 3", "priority 3", "mlfq 3", "qoe 3", "fcfs 8", "priority 8", "mlfq 8", "qoe 8");
    assertThat(lines)
        .allSatisfy(
            line -> {
              assertThat((double) line.get("step_p50_us")).isPositive();
              assertThat((double) line.get("step_p99_us"))
                  .isGreaterThanOrEqualTo((double) line.get("step_p50_us"));
            });
  }
}
