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

/** {@code ./andante test --stages}: each fault at each stage of a request, on real processes. */
@Tag("slow")
class FaultStagesTest {

  @TempDir Path cache;

  @BeforeEach
  void servicesAreBuilt() {
    Launcher.requireServiceJars();
  }

  @Test
  @Timeout(value = 26, unit = TimeUnit.MINUTES)
  void aFaultAtAnyStageEndsARequestAsItMayAndLeavesNothingBehind() throws Exception {
    Launcher.Outcome played =
        new Launcher(cache).run(Duration.ofMinutes(25), "test", "--stages", "--seed", "7");
    JsonNode figures = played.figures();
    assertThat(figures.get("scenarios").asInt()).isEqualTo(34);
    for (String count : new String[] {"hangs", "leaks", "wrong_tokens", "failed"}) {
      assertThat(figures.get(count).asInt()).as(count + ": " + played.output()).isZero();
    }
  }
}
