package dev.andante.compute.ckernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.compute.vector.VectorProvider;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NativeProviderTest {

  @Test
  void whereItWasBuiltItStandsAboveTheVectorApi() {
    assertThat(new NativeProvider().priority()).isGreaterThan(new VectorProvider().priority());
    assumeThat(KernelLibrary.unavailableReason()).as("the native kernels").isEmpty();
    try (ComputePool pool = new ComputePool(2);
        Backend exact = Backends.open("native", pool);
        Backend fast = Backends.open("native", pool, Precision.FAST)) {
      assertThat(exact.name()).isEqualTo("native");
      assertThat(exact.description()).contains("AVX").contains("exact").contains("2 threads");
      assertThat(fast.description()).contains("fast");
      assertThat(fast.numerics()).isNotEqualTo(exact.numerics());
    }
  }

  @Test
  void aCompilerAtBuildTimeMeansALibrary() {
    boolean compiler =
        Arrays.stream(System.getenv("PATH").split(java.io.File.pathSeparator))
            .anyMatch(folder -> Path.of(folder, "cc").toFile().canExecute());
    assumeThat(compiler && KernelLibrary.platform().equals("linux-x86_64"))
        .as("a C compiler on Linux")
        .isTrue();
    assertThat(KernelLibrary.class.getResource(KernelLibrary.platform() + "/libandante.so"))
        .isNotNull();
  }

  @Test
  void aLibraryThatIsNotOneIsABrokenOne() {
    String reason = KernelLibrary.unavailableReason(new byte[] {1, 2, 3});
    assertThat(reason).contains("broken");
  }

  @Test
  void withoutALibraryItSaysHowToGetIt() {
    assertThat(KernelLibrary.unavailableReason(null)).contains("C compiler").contains("gcc");
  }

  @Test
  void unavailableAndForcedIsAFailureWithTheReason() {
    String reason = KernelLibrary.unavailableReason();
    assumeThat(reason).as("why the native kernels are missing").isNotEmpty();
    try (ComputePool pool = new ComputePool(1)) {
      assertThatThrownBy(() -> new NativeProvider().create(pool, Precision.EXACT))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining(reason);
    }
  }
}
