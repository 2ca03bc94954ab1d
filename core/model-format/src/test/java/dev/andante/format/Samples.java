package dev.andante.format;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * The reference data and the real model; tests that need them are skipped where they are absent.
 */
final class Samples {
  private Samples() {}

  static Path golden(String name) {
    Path path =
        Path.of(System.getProperty("andante.root", "."), "..", "shared", "golden").resolve(name);
    Assumptions.assumeTrue(Files.exists(path), "reference data is not there: " + path);
    return path;
  }

  static Path realModel() {
    String named = System.getenv("ANDANTE_MODEL");
    String cache = System.getenv("ANDANTE_CACHE");
    Path caches =
        cache == null
            ? Path.of(System.getProperty("user.home"), ".cache", "andante")
            : Path.of(cache);
    Path path =
        named != null
            ? Path.of(named)
            : caches.resolve("models").resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
    Assumptions.assumeTrue(Files.exists(path), "the real model is not there: " + path);
    return path;
  }
}
