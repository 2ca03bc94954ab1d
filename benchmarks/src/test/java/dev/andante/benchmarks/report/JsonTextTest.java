package dev.andante.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.format.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTextTest {

  @Test
  void whatIsWrittenCanBeRead() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("text", "a \"quoted\" \\ line\n\t\u00b5s");
    line.put("whole", 1e9);
    line.put("small", 0.00012345678);
    line.put("list", List.of(1L, 2L));
    line.put("map", Map.of("yes", true));
    String text = JsonText.of(line);
    assertThat(text).doesNotContain("\n");
    Map<String, Object> read =
        Json.parseObject(Path.of("test"), text.getBytes(StandardCharsets.UTF_8));
    assertThat(read.get("text")).isEqualTo(line.get("text"));
    assertThat(read.get("whole")).isEqualTo(1_000_000_000L);
    assertThat(read.get("small")).isEqualTo(0.000123457);
    assertThat(read.get("list")).isEqualTo(line.get("list"));
    assertThat(read.get("map")).isEqualTo(line.get("map"));
  }

  @Test
  void numbersThatJsonDoesNotHaveAreNull() {
    assertThat(JsonText.of(Double.NaN)).isEqualTo("null");
    assertThat(JsonText.of(Double.POSITIVE_INFINITY)).isEqualTo("null");
    assertThatThrownBy(() -> JsonText.of(new Object()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
