package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A round of {@code ./andante test --rolling}: two of each role, all of them restarted in turn. */
@Tag("slow")
class RollingRestartTest {

  private static final int SERVICES = 10;

  @TempDir Path cache;

  @BeforeEach
  void servicesAreBuilt() {
    Launcher.requireServiceJars();
  }

  @Test
  @Timeout(value = 16, unit = TimeUnit.MINUTES)
  void noRequestFailsWhileEveryServiceIsRestarted() throws Exception {
    Launcher.Outcome played =
        new Launcher(cache).run(Duration.ofMinutes(15), "test", "--rolling", "--seed", "7");
    JsonNode figures = played.figures();
    assertThat(figures.get("restarts").asInt()).isEqualTo(SERVICES);
    assertThat(figures.get("requests").asInt()).isGreaterThan(SERVICES);
    assertThat(figures.get("failed").asInt()).as(played.output()).isZero();
  }
}
