package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The launcher as a user runs it.
 *
 * @param cache its state folder, so that a user's running mesh is left alone
 */
record Launcher(Path cache) {

  static final Path ROOT = Path.of(System.getProperty("andante.root", "."));

  /** Exit status and everything printed. */
  record Outcome(int status, String output) {

    String lastLine() {
      return output.lines().reduce("", (_, line) -> line);
    }

    /** What a run with real processes ends with, of which everything it looks for went well. */
    JsonNode figures() {
      assertThat(status).as(output).isZero();
      return JsonMapper.shared().readTree(lastLine());
    }
  }

  /**
   * The calling test is skipped where the jar is missing. Under {@code ./andante test} the
   * services' jars come before this module; a lone module run may lack them.
   */
  static void requireJarOf(String module) {
    Assumptions.assumeTrue(
        Files.exists(ROOT.resolve(module).resolve("target/andante-" + module + ".jar")),
        module + " is not built: run ./andante test or ./andante build");
  }

  /** As {@link #requireJarOf}, for the services of a mesh. */
  static void requireServiceJars() {
    List.of("gateway", "prefill-service", "decode-service", "draft-service", "expert-service")
        .forEach(Launcher::requireJarOf);
  }

  Outcome run(Duration limit, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(ROOT.resolve("andante").toString()));
    command.addAll(List.of(arguments));
    Path log = Files.createTempFile(cache, "andante", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("ANDANTE_CACHE", cache.toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
      String output = Files.readString(log, StandardCharsets.UTF_8);
      assertThat(ended).as("%s ends; so far: %s", command, output).isTrue();
      return new Outcome(process.exitValue(), output);
    } finally {
      process.destroy();
    }
  }
}
