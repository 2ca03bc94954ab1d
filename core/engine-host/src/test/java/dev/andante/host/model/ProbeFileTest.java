package dev.andante.host.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProbeFileTest {

  private static final ProbeKey KEY = new ProbeKey("a key\nof two lines\n");
  private static final String GOOD = KEY.text() + "divergence: 0.25 nats\n";

  @TempDir Path folder;

  private ProbeFile file;
  private Path path;

  @BeforeEach
  void name() {
    file = new ProbeFile(folder, KEY);
    path = folder.resolve(KEY.fileName());
  }

  private long files() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.count();
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.25, 0.006023456789012345, -1.1e-17, 3e-308, 1e20, 123456.75})
  void whatIsWrittenIsReadToTheLastBit(double divergence) throws IOException {
    assertThat(file.read()).isEmpty();
    file.write(1);
    file.write(divergence);
    assertThat(file.read()).isEqualTo(OptionalDouble.of(divergence));
    assertThat(files()).isOne();
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void whatIsNotFiniteIsNotKept(double divergence) throws IOException {
    file.write(divergence);
    assertThat(files()).isZero();
  }

  @Test
  void eachKeyHasAFileOfItsOwn() {
    ProbeFile other = new ProbeFile(folder, new ProbeKey("another key\n"));
    file.write(0.25);
    assertThat(other.read()).isEmpty();
    other.write(0.5);
    assertThat(file.read()).hasValue(0.25);
    assertThat(other.read()).hasValue(0.5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\0\0\0\0",
        "a key\n",
        "a key\nof two lines\n",
        "a key\nof two lines\ndivergence: 0.2",
        "a key\nof two lines\ndivergence: 0.25 nats",
        "a key\nof two lines\ndivergence: 0.25 nats\n\n",
        "a key\nof two lines\ndivergence: NaN nats\n",
        "a key\nof two lines\ndivergence: 1.0E999 nats\n",
        "a key\nof two lines\ndivergence: 0x1.0p-3 nats\n",
        "another key\nof two lines\ndivergence: 0.25 nats\n"
      })
  void whatIsDamagedOrForeignIsNotReadAndIsReplaced(String text) throws IOException {
    Files.writeString(path, text);
    assertThat(file.read()).isEmpty();
    file.write(0.25);
    assertThat(path).hasContent(GOOD);
    assertThat(file.read()).hasValue(0.25);
  }

  @Test
  void ofAFileTooLongOnlyTheBeginningIsRead() throws IOException {
    Files.writeString(path, GOOD + " ".repeat(1 << 20));
    assertThat(file.read()).isEmpty();
  }

  @Test
  void aFolderInPlaceOfTheFileIsLeftAlone() throws IOException {
    Files.createDirectories(path.resolve("inside"));
    assertThat(file.read()).isEmpty();
    file.write(0.25);
    assertThat(path.resolve("inside")).isDirectory();
    assertThat(files()).as("nothing unfinished stays behind").isOne();
  }

  @Test
  void aFileInPlaceOfTheFolderIsLeftAlone() throws IOException {
    Path plain = Files.writeString(folder.resolve("plain"), "text");
    ProbeFile below = new ProbeFile(plain, KEY);
    below.write(0.25);
    assertThat(below.read()).isEmpty();
    assertThat(plain).hasContent("text");
  }

  @Test
  void aFolderWithoutLeaveToWriteIsLeftAlone() throws IOException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));
    try {
      assumeFalse(Files.isWritable(folder), "root may write everywhere");
      file.write(0.25);
      assertThat(file.read()).isEmpty();
    } finally {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  @Test
  void writersAndReadersAtOnceSeeWholeFiles() throws Exception {
    file.write(0.5);
    List<Callable<OptionalDouble>> work = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      double divergence = i / 100.0;
      work.add(
          () -> {
            file.write(divergence);
            return file.read();
          });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (Future<OptionalDouble> found : threads.invokeAll(work)) {
        assertThat(found.get()).isPresent();
      }
    }
    assertThat(files()).isOne();
  }

  @Test
  void theOldestMakeRoomAndWhatIsNotOursStays() throws IOException {
    Path foreign = Files.writeString(folder.resolve("notes.txt"), "not ours");
    Files.setLastModifiedTime(foreign, FileTime.fromMillis(1));
    ProbeFile oldest = new ProbeFile(folder, new ProbeKey("oldest\n"));
    oldest.write(0.5);
    Files.setLastModifiedTime(folder.resolve(oldest.key().fileName()), FileTime.fromMillis(1_000));
    for (int i = 1; i < 64; i++) {
      new ProbeFile(folder, new ProbeKey("build " + i + "\n")).write(0.5);
    }
    assertThat(oldest.read()).hasValue(0.5);
    file.write(0.25);
    assertThat(oldest.read()).isEmpty();
    assertThat(file.read()).hasValue(0.25);
    assertThat(foreign).exists();
    assertThat(files()).isEqualTo(64 + 1);
  }
}
