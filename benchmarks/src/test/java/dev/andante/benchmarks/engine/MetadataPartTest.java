package dev.andante.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetadataPartTest {

  @Test
  void blocksWithNamesAndOwnersWeighMore() {
    List<Map<String, Object>> lines = new ArrayList<>();
    new MetadataPart().run(Map.of("metadata-blocks", "64000"), lines::add);
    assertThat(lines)
        .extracting(line -> line.get("policy"))
        .containsExactly("lru", "lfu", "learned", "greedydual");
    assertThat(lines)
        .allSatisfy(
            line -> {
              long empty = (long) line.get("empty_bytes_per_1k_blocks");
              assertThat(empty).isGreaterThan(8_000); // two numbers for each block at least
              assertThat((long) line.get("bytes_per_1k_blocks")).isGreaterThan(empty);
            });
  }
}
