package dev.andante.benchmarks.plot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RooflineDataTest {

  @TempDir private Path folder;

  @Test
  void theHighestCeilingAndTheBestPeerOfEachLineAreShown() throws IOException {
    Path file = folder.resolve("run.jsonl");
    Files.write(
        file,
        List.of(
            ceiling("read", 2, 20),
            ceiling("read", 2, 25),
            ceiling("s8", 2, 3000),
            point("andante", "tg128", 200),
            point("llama.cpp", "tg128", 110),
            point("llama-cpp-python", "tg128", 130),
            "{\"test\": \"http-8\", \"engine\": \"andante\", \"value\": 5}"));
    RooflineData data = RooflineData.read(file);
    assertThat(data.ceilings())
        .extracting(RooflineData.Ceiling::value)
        .containsExactly(25.0, 3000.0);
    assertThat(data.points())
        .extracting(RooflineData.Point::engine)
        .containsExactlyInAnyOrder("andante", "llama-cpp-python");
    assertThat(data.title()).isEqualTo("m.gguf on a CPU, 2 threads, 2026-11-25");
  }

  @Test
  void decadesAreAtEqualDistances() {
    LogAxis axis = new LogAxis(1, 1000, 0, 300);
    assertThat(List.of(axis.at(1), axis.at(10), axis.at(100), axis.at(1000)))
        .containsExactly(0, 100, 200, 300);
    assertThat(axis.ticks()).startsWith(1.0, 2.0, 5.0, 10.0).endsWith(1000.0);
  }

  private static String ceiling(String kind, int threads, int value) {
    return "{\"ceiling\": \"%s\", \"threads\": %d, \"value\": %d, \"source\": \"x\", \"bytes\": null}"
        .formatted(kind, threads, value);
  }

  private static String point(String engine, String test, int value) {
    return ("{\"engine\": \"%s\", \"test\": \"%s\", \"value\": %d, \"intensity\": 2.5, \"gflop_s\": 40,"
            + " \"threads\": 2, \"model\": \"m.gguf\", \"date\": \"2026-11-25T10:00:00\","
            + " \"machine\": {\"cpu\": \"a CPU\"}}")
        .formatted(engine, test, value);
  }
}
