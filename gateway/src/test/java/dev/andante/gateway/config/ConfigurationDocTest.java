package dev.andante.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/configuration.md} says what the code does. After a change write it anew with {@code
 * ./mvnw -pl gateway test -Dtest=ConfigurationDocTest -Dupdate-docs=true}.
 */
class ConfigurationDocTest {

  @Test
  void theDocumentIsUpToDate() throws IOException {
    String root = System.getProperty("andante.root");
    Assumptions.assumeTrue(root != null, "andante.root is not set: run by Maven");
    Path document = Path.of(root, "docs", "configuration.md");
    String expected = ConfigurationDoc.write(Path.of(root));
    assertThat(expected).contains("## andante.gateway.http\n").contains("`max-body-size` | `4MB`");
    if (Boolean.getBoolean("update-docs")) {
      Files.writeString(document, expected);
    }
    assertThat(document)
        .as("docs/configuration.md; run this test with -Dupdate-docs=true")
        .exists()
        .content()
        .isEqualTo(expected);
  }

  @Test
  void everyKeyIsExplained() throws IOException {
    String root = System.getProperty("andante.root");
    Assumptions.assumeTrue(root != null, "andante.root is not set: run by Maven");
    assertThat(ConfigurationDoc.write(Path.of(root)).lines().filter(line -> line.endsWith("|  |")))
        .as("keys without words in their record's Javadoc")
        .isEmpty();
  }
}
