package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A few schedules of {@code ./andante test --faults}, which plays as many as one likes. */
@Tag("slow")
class FaultSchedulesTest {

  @TempDir Path cache;

  @BeforeEach
  void servicesAreBuilt() {
    Launcher.requireServiceJars();
  }

  @Test
  void nothingHangsNothingLeaksAndNoTokenIsWrong() throws Exception {
    Launcher.Outcome played =
        new Launcher(cache)
            .run(Duration.ofMinutes(15), "test", "--faults", "--seed", "7", "--schedules", "3");
    JsonNode figures = played.figures();
    assertThat(figures.propertyNames())
        .containsExactly(
            "schedules",
            "hangs",
            "leaks",
            "wrong_tokens",
            "requests",
            "resumed",
            "worst_recovery_s");
    assertThat(figures.get("schedules").asInt()).isEqualTo(3);
    assertThat(figures.get("requests").asInt()).isPositive();
  }
}
