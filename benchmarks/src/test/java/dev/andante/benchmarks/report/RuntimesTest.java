package dev.andante.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RuntimesTest {

  @Test
  void theFormatOfProductsIsReadFromTheNumerics() {
    assertThat(Runtimes.computeFormat("vector-f32-lanes16-v1")).isEqualTo("f32");
    assertThat(Runtimes.computeFormat("native-i8x32-v1")).isEqualTo("s8");
    assertThat(Runtimes.computeFormat("onednn-3.11-bf16-avx512-vector-f32")).isEqualTo("bf16");
    assertThat(Runtimes.computeFormat("reference")).isEqualTo("f32");
  }
}
