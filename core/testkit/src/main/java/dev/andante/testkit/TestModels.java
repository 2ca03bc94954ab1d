package dev.andante.testkit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.Assumptions;

/**
 * Where tests find what is not in the repository: the real model and the reference data. A test
 * that needs either calls a {@code require} method and is skipped, visibly, where it is absent.
 */
public final class TestModels {

  private static final String MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf";

  private TestModels() {}

  /**
   * The default model: the file that {@code ANDANTE_MODEL} names, else the one in the model cache
   * {@code ${ANDANTE_CACHE:-~/.cache/andante}/models}.
   */
  public static Optional<Path> realModel() {
    return realModel(System.getenv(), System.getProperties());
  }

  static Optional<Path> realModel(Map<String, String> environment, Properties properties) {
    String named = environment.get("ANDANTE_MODEL");
    if (named != null && !named.isBlank()) {
      return Optional.of(Path.of(named)).filter(Files::isRegularFile);
    }
    String cache = environment.get("ANDANTE_CACHE");
    Path root =
        cache == null || cache.isBlank()
            ? Path.of(properties.getProperty("user.home"), ".cache", "andante")
            : Path.of(cache);
    return Optional.of(root.resolve("models").resolve(MODEL)).filter(Files::isRegularFile);
  }

  /** The reference data beside the checkout: {@code ${andante.root}/../shared/golden}. */
  public static Optional<Path> golden() {
    return golden(System.getProperties());
  }

  static Optional<Path> golden(Properties properties) {
    return Optional.ofNullable(properties.getProperty("andante.root"))
        .map(root -> Path.of(root, "..", "shared", "golden").normalize())
        .filter(Files::isDirectory);
  }

  /** {@link #realModel()}, or the calling test is skipped. */
  public static Path requireRealModel() {
    Optional<Path> model = realModel();
    Assumptions.assumeTrue(
        model.isPresent(),
        "no model file: set ANDANTE_MODEL or put " + MODEL + " into ~/.cache/andante/models");
    return model.orElseThrow();
  }

  /** {@link #golden()}, or the calling test is skipped. */
  public static Path requireGolden() {
    Optional<Path> golden = golden();
    Assumptions.assumeTrue(
        golden.isPresent(), "no reference data: ${andante.root}/../shared/golden is missing");
    return golden.orElseThrow();
  }
}
