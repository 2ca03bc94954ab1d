package dev.andante.host.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

class BuildTest {

  @TempDir Path folder;

  @Test
  void theJarsOfClassesAreNamedEachOnce() {
    String build = Build.of(List.of(Logger.class, Test.class, Assertions.class)).orElseThrow();
    assertThat(build.split(", ")).hasSize(3);
    assertThat(build).contains("assertj-core-", "slf4j-api-", "junit-jupiter-api-");
    assertThat(Build.of(List.of(Assertions.class, Test.class, TempDir.class, Logger.class)))
        .hasValue(build);
  }

  @Test
  void classesThatDoNotLieInAJarHaveNoBuild() {
    assertThat(Build.of(List.of(Logger.class, BuildTest.class))).as("a folder").isEmpty();
    assertThat(Build.of(List.of(String.class))).as("of the JVM").isEmpty();
  }

  @Test
  void anotherContentIsAnotherBuildWhateverTheTimeOfTheFile() throws IOException {
    Path jar = Files.write(folder.resolve("a.jar"), new byte[100_000]);
    String before = Build.describe(jar);
    assertThat(before).startsWith("a.jar 100000 ");
    var time = Files.getLastModifiedTime(jar);
    byte[] changed = new byte[100_000];
    changed[99_999] = 1;
    Files.write(jar, changed);
    Files.setLastModifiedTime(jar, time);
    assertThat(Build.describe(jar)).isNotEqualTo(before).startsWith("a.jar 100000 ");
    Files.write(jar, new byte[100_000]);
    assertThat(Build.describe(jar)).isEqualTo(before);
  }
}
