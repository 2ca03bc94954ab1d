package dev.andante.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.andante.compute.BackendException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The committed PTX is what the sources say and assembles for the devices it is meant for. */
class PtxTest {

  private static final Path MODULE =
      Path.of(System.getProperty("andante.root", "."), "core/compute-cuda");
  private static final Path RESOURCES =
      MODULE.resolve("src/main/resources/dev/andante/compute/cuda");

  private static List<Path> list(Path folder, String ending) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(ending)).sorted().toList();
    }
  }

  private static List<Path> sources() throws IOException {
    Path folder = MODULE.resolve("src/main/cuda");
    assumeTrue(Files.isDirectory(folder), "the sources are not beside the test");
    return list(folder, "");
  }

  @Test
  void theCommittedPtxWasMadeFromTheseSources() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (Path source : sources()) {
      digest.update(source.getFileName().toString().getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      digest.update(Files.readAllBytes(source));
      digest.update((byte) 0);
    }
    assertThat(Files.readString(RESOURCES.resolve("source.sha256")).strip())
        .as("a .cu or .cuh file was edited; run core/compute-cuda/build-ptx")
        .isEqualTo(HexFormat.of().formatHex(digest.digest()));
  }

  @Test
  void everySourceFileHasItsPtx() throws Exception {
    for (Path source : sources()) {
      String file = source.getFileName().toString();
      if (file.endsWith(".cu")) {
        String name = file.substring(0, file.length() - 3);
        String family = name.endsWith("_sm90") ? Kernels.HOPPER : Kernels.AMPERE;
        assertThat(Kernels.ptx(family, name)).as(file).contains(".version 8.").contains(".entry");
      }
    }
  }

  /** A kernel that is launched early but does not wait would read what is not there yet. */
  @Test
  void everyHopperKernelWaitsForItsPredecessor() throws Exception {
    for (Path packed : list(RESOURCES.resolve(Kernels.HOPPER), ".gz")) {
      String file = packed.getFileName().toString().replace(".ptx.gz", "");
      String[] entries = Kernels.ptx(Kernels.HOPPER, file).split("\\.entry", -1);
      assertThat(entries.length).as(file).isGreaterThan(1);
      for (int i = 1; i < entries.length; i++) {
        assertThat(entries[i])
            .as("%s: %s", file, entries[i].substring(0, entries[i].indexOf('(')))
            .contains("griddepcontrol.launch_dependents")
            .contains("griddepcontrol.wait");
      }
    }
  }

  @Test
  void aFileThatIsMissingIsNamed() {
    assertThatThrownBy(() -> Kernels.ptx(Kernels.AMPERE, "nothing"))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("sm80/nothing.ptx.gz");
  }

  @Test
  void thePtxAssemblesForItsDevices(@TempDir Path folder) throws Exception {
    Path assembler = assembler();
    assumeTrue(
        assembler != null, "ptxas is neither on the path nor in the cache of build-ptx --check");
    for (Path packed : list(RESOURCES.resolve("sm80"), ".gz")) {
      assemble(assembler, packed, folder, "sm_80");
      assemble(assembler, packed, folder, "sm_90");
    }
    for (Path packed : list(RESOURCES.resolve("sm90"), ".gz")) {
      assemble(assembler, packed, folder, "sm_90a");
    }
  }

  private static @Nullable Path assembler() throws IOException {
    String set = System.getenv("ANDANTE_CACHE");
    Path cache =
        set != null ? Path.of(set) : Path.of(System.getProperty("user.home"), ".cache/andante");
    Path packages = cache.resolve("cuda");
    if (Files.isDirectory(packages)) {
      try (Stream<Path> files = Files.walk(packages)) {
        Path found = files.filter(f -> f.endsWith("bin/ptxas")).findFirst().orElse(null);
        if (found != null && found.toFile().setExecutable(true)) {
          return found;
        }
      }
    }
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      Path candidate = Path.of(folder, "ptxas");
      if (Files.isExecutable(candidate)) {
        return candidate;
      }
    }
    return null;
  }

  private static void assemble(Path assembler, Path packed, Path folder, String target)
      throws Exception {
    Path ptx = folder.resolve("kernels.ptx");
    try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(packed))) {
      Files.write(ptx, in.readAllBytes());
    }
    Process process =
        new ProcessBuilder(
                assembler.toString(),
                "-arch=" + target,
                "-o",
                folder.resolve("kernels.cubin").toString(),
                ptx.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("%s for %s: %s", packed, target, output).isZero();
  }
}
