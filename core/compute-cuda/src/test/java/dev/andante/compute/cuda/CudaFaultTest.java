package dev.andante.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.Tensor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;

class CudaFaultTest {

  @Test
  void onlyFaultsThatDestroyTheContextAreSticky() {
    assertThat(DriverStatus.isSticky(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS)).isTrue();
    assertThat(DriverStatus.isSticky(CUresult.CUDA_ERROR_LAUNCH_FAILED)).isTrue();
    assertThat(DriverStatus.isSticky(CUresult.CUDA_ERROR_OUT_OF_MEMORY)).isFalse();
    assertThat(DriverStatus.isSticky(CUresult.CUDA_ERROR_INVALID_VALUE)).isFalse();
    assertThat(DriverStatus.describe("kernel x", CUresult.CUDA_ERROR_ILLEGAL_ADDRESS))
        .contains("kernel x")
        .contains("CUDA_ERROR_ILLEGAL_ADDRESS");
  }

  /**
   * In a process of its own: the driver allows no further CUDA work in one that saw such a fault.
   */
  @Test
  void aFaultIsReportedAsALostContext() throws Exception {
    CudaTests.openOrSkip().close();
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                FaultyProcess.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(output)
        .contains("finish: CudaContextLostException")
        .contains("allocate: CudaContextLostException")
        .contains("closed quietly")
        .contains("CUDA_ERROR_ILLEGAL_ADDRESS")
        .contains("restart the process");
  }

  /** Writes to an address that does not exist and prints what each later call says. */
  static final class FaultyProcess {

    private FaultyProcess() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) {
      CudaDevice device = new CudaDevice(0);
      CommandQueue queue = new CommandQueue(device);
      Kernel clear = new Kernels(device).get("elementwise", "clear");
      queue.launch(
          clear, 1, 1, 1, 32, 0, new KernelArguments().add(8L).add(8L).add(1).add(1).add(1).add(1));
      report("finish", queue::finish);
      report("allocate", () -> device.allocate(1, "more"));
      queue.close();
      device.close();
      System.out.println("closed quietly");
    }

    @SuppressWarnings("SystemOut")
    private static void report(String what, Runnable call) {
      try {
        call.run();
        System.out.println(what + ": nothing");
      } catch (BackendException e) {
        System.out.println(what + ": " + e.getClass().getSimpleName() + ": " + e.getMessage());
      }
    }
  }

  @Test
  void tooLargeATensorIsRefusedWithItsSizeAndNothingIsLost() {
    try (Backend backend = CudaTests.openOrSkip()) {
      assertThatThrownBy(() -> backend.allocate(1 << 20, 1 << 20))
          .isInstanceOf(BackendException.class)
          .isNotInstanceOf(CudaContextLostException.class)
          .hasMessageContaining(String.valueOf(4L << 40))
          .hasMessageContaining("bytes");
      Tensor small = backend.allocate(2, 2);
      assertThatCode(() -> backend.read(small, new float[4])).doesNotThrowAnyException();
    }
  }
}
