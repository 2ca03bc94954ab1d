package dev.andante.benchmarks.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SteadyLoadTest {

  @ParameterizedTest
  @EnumSource
  void asManyRequestsAsMayRunDo(SteadyLoad.Policy policy) {
    SteadyLoad load = new SteadyLoad(policy, 8);
    int rows = 0;
    for (int i = 0; i < 1_000; i++) {
      rows += load.step();
    }
    assertThat(rows).isGreaterThan(7_500); // who follows somebody may have to wait for a decision
  }
}
