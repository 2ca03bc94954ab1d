package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One round of {@code ./andante test --rolling}. */
@Tag("slow")
class RollingRestartTest {

  @TempDir Path cache;

  @BeforeEach
  void servicesAreBuilt() {
    Launcher.requireServiceJars();
  }

  @Test
  void noRequestFailsWhileEveryServiceIsRestarted() throws Exception {
    Launcher.Outcome rolled =
        new Launcher(cache).run(Duration.ofMinutes(15), "test", "--rolling", "--seed", "7");
    assertThat(rolled.status()).as(rolled.output()).isZero();
    JsonNode figures = JsonMapper.shared().readTree(rolled.output().lines().toList().getLast());
    assertThat(figures.propertyNames())
        .containsExactly(
            "restarts",
            "requests",
            "failed",
            "asked_again",
            "resumed",
            "wrong_tokens",
            "hangs",
            "leaks",
            "slowest_end_s");
    assertThat(figures.get("restarts").asInt()).isEqualTo(10);
    assertThat(figures.get("failed").asInt()).isZero();
    assertThat(figures.get("requests").asInt()).isPositive();
  }
}
