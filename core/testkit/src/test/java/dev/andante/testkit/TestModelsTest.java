package dev.andante.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestModelsTest {

  @TempDir Path directory;

  private final Properties properties = new Properties();

  @Test
  void aNamedModelWinsOverTheCache() throws IOException {
    Path cached = file("cache/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    Path named = file("named.gguf");
    String cache = directory.resolve("cache").toString();

    assertThat(TestModels.realModel(Map.of("ANDANTE_CACHE", cache), properties)).contains(cached);
    assertThat(
            TestModels.realModel(
                Map.of("ANDANTE_CACHE", cache, "ANDANTE_MODEL", named.toString()), properties))
        .contains(named);
  }

  @Test
  void aNamedModelThatIsMissingIsNotReplacedByAnother() throws IOException {
    file("cache/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    String missing = directory.resolve("missing.gguf").toString();

    assertThat(
            TestModels.realModel(
                Map.of(
                    "ANDANTE_CACHE",
                    directory.resolve("cache").toString(),
                    "ANDANTE_MODEL",
                    missing),
                properties))
        .isEmpty();
  }

  @Test
  void theCacheIsInTheHomeDirectoryByDefault() throws IOException {
    Path cached = file(".cache/andante/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    properties.setProperty("user.home", directory.toString());

    assertThat(TestModels.realModel(Map.of(), properties)).contains(cached);
  }

  @Test
  void goldenDataLiesBesideTheRepository() throws IOException {
    Path golden = Files.createDirectories(directory.resolve("shared/golden"));

    assertThat(TestModels.golden(properties)).isEmpty();
    properties.setProperty("andante.root", directory.resolve("repository").toString());
    assertThat(TestModels.golden(properties)).contains(golden);
  }

  private Path file(String name) throws IOException {
    Path path = directory.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.createFile(path);
  }
}
