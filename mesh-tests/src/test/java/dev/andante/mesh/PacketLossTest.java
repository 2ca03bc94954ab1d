package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code ./andante test --loss}: skipped, with the reason, where it cannot lose packets. */
@Tag("slow")
class PacketLossTest {

  private static final int NOT_HERE = 3;

  @TempDir Path cache;

  @BeforeEach
  void servicesAreBuilt() {
    List.of("gateway", "prefill-service", "decode-service").forEach(Launcher::requireJarOf);
  }

  @Test
  void requestsEndRightOrTypedWithinTheirDeadline() throws Exception {
    Launcher.Outcome played =
        new Launcher(cache)
            .run(Duration.ofMinutes(10), "test", "--loss", "--seed", "7", "--seconds", "20");
    Assumptions.assumeFalse(
        played.status() == NOT_HERE && played.lastLine().startsWith("SKIPPED"), played.lastLine());
    JsonNode figures = played.figures();
    assertThat(figures.get("whole").asInt()).isPositive();
    assertThat(figures.get("lost").asInt()).isPositive();
    assertThat(figures.get("kv_bytes").asLong()).isPositive();
  }
}
