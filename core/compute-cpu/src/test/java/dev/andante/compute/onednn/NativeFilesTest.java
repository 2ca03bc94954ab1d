package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.BackendException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeFilesTest {

  @Test
  void aPlatformWithoutTheLibraryIsNamed() {
    NativeFiles files = NativeFiles.of("plan9-mips");
    assertThat(files.missing()).isEqualTo("oneDNN is not built for plan9-mips");
    assertThatThrownBy(() -> files.unpacked(library -> library))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("plan9-mips");
  }

  @Test
  void aPlatformWhoseLibraryIsNotInTheBuildIsNamed() {
    NativeFiles other =
        NativeFiles.of(
            NativeFiles.ofThisMachine().platform().equals("linux-arm64")
                ? "linux-x86_64"
                : "linux-arm64");
    assertThat(other.missing())
        .contains("libgomp.so.1", "is not on the class path")
        .contains("-Donednn.platform=" + other.platform());
  }

  @Test
  void aFileThatIsNoLibraryIsRefusedWithAWayOut(@TempDir Path folder) throws IOException {
    Path broken = Files.writeString(folder.resolve("libdnnl.so.3"), "not a library");
    assertThatThrownBy(() -> OneDnn.load(broken, Isa.NATIVE))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("cannot be used")
        .hasMessageContaining("andante.compute.backend");
  }

  @Test
  void aLibraryThatIsAnotherOneIsRefused() {
    OneDnnTests.openOrSkip();
    NativeFiles here = NativeFiles.ofThisMachine();
    NativeFiles other = new NativeFiles(here.platform(), List.of(here.names().getFirst()));
    assertThatThrownBy(() -> other.<OneDnn>unpacked(library -> OneDnn.load(library, Isa.NATIVE)))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("dnnl_");
  }

  @Test
  void nothingIsLeftOfWhatIsUnpacked() {
    OneDnnTests.openOrSkip();
    List<Path> seen = new ArrayList<>();
    NativeFiles.ofThisMachine()
        .unpacked(
            library -> {
              assertThat(library).isRegularFile();
              return seen.add(library);
            });
    assertThat(seen.getFirst()).doesNotExist();
    assertThat(seen.getFirst().getParent()).doesNotExist();
  }

  @Test
  void platformsAreNamedAsTheJarsNameThem() {
    assertThat(NativeFiles.platform("Linux", "amd64")).isEqualTo("linux-x86_64");
    assertThat(NativeFiles.platform("Linux", "aarch64")).isEqualTo("linux-arm64");
    assertThat(NativeFiles.platform("Mac OS X", "aarch64")).isEqualTo("macosx-arm64");
    assertThat(NativeFiles.platform("Windows 11", "amd64")).isEqualTo("windows-x86_64");
  }
}
