package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import dev.andante.testkit.TestTensors;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The library starts no threads, and a product leaves no garbage. */
class OneDnnThreadsTest {

  private static final Path TASKS = Path.of("/proc/self/task");

  private static long nativeThreads() throws IOException {
    try (Stream<Path> tasks = Files.list(TASKS)) {
      return tasks.count();
    }
  }

  @Test
  void noThreadIsStarted() throws IOException {
    Assumptions.assumeTrue(Files.exists(TASKS), "no /proc here");
    try (ComputePool pool = new ComputePool(3);
        OneDnnBackend backend = OneDnnTests.backend(pool, Format.BF16, Precision.FAST, 1)) {
      Weight weight = backend.load(TestTensors.random(new Random(1), "w", DType.F32, 2048, 1024));
      Tensor x = backend.allocate(256, 1024);
      Tensor out = backend.allocate(256, 2048);
      backend.matmul(x, weight, out);
      long threads = Thread.getAllStackTraces().size();
      long before = nativeThreads() - threads;
      for (int i = 0; i < 10; i++) {
        backend.matmul(x, weight, out);
      }
      // Threads of the JVM may come and go; OpenMP's would be there for good, one for each core.
      long after = nativeThreads() - Thread.getAllStackTraces().size();
      assertThat(after).isLessThanOrEqualTo(before + 1);
      assertThat(openMpThreads()).isZero();
    }
  }

  /** OpenMP's threads take the name of the one that started them, which is one of ours. */
  private static long openMpThreads() throws IOException {
    long named = 0;
    try (Stream<Path> tasks = Files.list(TASKS)) {
      for (Path task : tasks.toList()) {
        String name = Files.readString(task.resolve("comm")).strip();
        named += name.startsWith("andante-comput") ? 1 : 0;
      }
    }
    long ours =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("andante-comput"))
            .count();
    return named - ours;
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void aProductMakesNoGarbage(Format format) {
    com.sun.management.ThreadMXBean bean =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (ComputePool pool = new ComputePool(1);
        OneDnnBackend backend = OneDnnTests.backend(pool, format, Precision.FAST, 1)) {
      Weight weight = backend.load(TestTensors.random(new Random(1), "w", DType.F32, 500, 256));
      Tensor x = backend.allocate(5, 256);
      Tensor out = backend.allocate(5, 500);
      long each = Long.MAX_VALUE;
      // Some is made until the compiler has seen it often enough, which takes as long as it takes.
      for (int round = 0; round < 200 && each >= 16; round++) {
        long before = bean.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 1000; i++) {
          backend.matmul(x, weight, out);
          backend.matmulAdd(x, weight, out);
        }
        each = (bean.getCurrentThreadAllocatedBytes() - before) / 2000;
      }
      assertThat(each).as("bytes allocated for a product").isLessThan(16);
    }
  }
}
