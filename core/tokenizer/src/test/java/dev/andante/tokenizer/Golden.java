package dev.andante.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.andante.format.GgufFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;

/**
 * The reference data and the real model; tests that need them are skipped where they are absent.
 */
final class Golden {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Golden() {}

  static List<JsonNode> rows(String file) {
    Path path = Path.of(System.getProperty("andante.root", "."), "..", "shared", "golden", file);
    Assumptions.assumeTrue(Files.exists(path), "reference data is not there: " + path);
    try {
      return Files.readAllLines(path).stream().map(Golden::parse).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static TokenizerSpec realSpec() {
    try (GgufFile file = GgufFile.open(realModel())) {
      return TokenizerSpecs.from(file);
    }
  }

  static int[] ids(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }

  private static Path realModel() {
    String named = System.getenv("ANDANTE_MODEL");
    String cache = System.getenv("ANDANTE_CACHE");
    Path path =
        named != null
            ? Path.of(named)
            : (cache == null
                    ? Path.of(System.getProperty("user.home"), ".cache", "andante")
                    : Path.of(cache))
                .resolve("models")
                .resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
    Assumptions.assumeTrue(Files.exists(path), "the real model is not there: " + path);
    return path;
  }

  private static JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
