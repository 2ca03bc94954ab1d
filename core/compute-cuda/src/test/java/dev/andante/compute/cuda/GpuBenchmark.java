package dev.andante.compute.cuda;

import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

/**
 * Prefill and decode rates of the backend at the shapes of real models, one line of JSON each. Run
 * by {@code src/bench/run}; arguments: {@code kernels}, or a shape and a dtype.
 */
public final class GpuBenchmark {

  private static final int CONTEXT = 512;
  private static final int STEPS = 24;
  private static final int PROMPT = 2048;

  private GpuBenchmark() {}

  /** Prints one JSON object a line. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] arguments) {
    try (CudaBackend backend = CudaBackend.open(0)) {
      for (String argument : arguments) {
        if (argument.equals("kernels")) {
          kernels(backend);
        }
      }
    }
    for (String argument : arguments) {
      if (!argument.equals("kernels")) {
        String[] parts = argument.split(":");
        model(parts[0].equals("8b") ? LlamaPass.LARGE : LlamaPass.SMALL, DType.valueOf(parts[1]));
      }
    }
  }

  @SuppressWarnings("SystemOut")
  private static void model(LlamaPass.Shape shape, DType dtype) {
    long start = System.nanoTime();
    try (CudaBackend backend = CudaBackend.open(0);
        LlamaPass model =
            LlamaPass.random(backend, shape, dtype, 128, CONTEXT + 2 * PROMPT / 8 + 1536)) {
      double load = (System.nanoTime() - start) / 1e9;
      long rise = System.nanoTime() + 400_000_000L;
      while (System.nanoTime() < rise) {
        model.prefill(0, 0, PROMPT);
      }
      double[] times = new double[5];
      for (int i = 0; i < times.length; i++) {
        long from = System.nanoTime();
        model.prefill(0, 0, PROMPT);
        times[i] = (System.nanoTime() - from) / 1e9;
      }
      Arrays.sort(times);
      System.out.printf(
          "{\"what\":\"prefill\",\"shape\":\"%s\",\"dtype\":\"%s\",\"tokens\":%d,\"seconds\":%.6f,"
              + "\"tokens_per_s\":%.0f,\"tflops\":%.1f,\"load_s\":%.1f}%n",
          shape.name(),
          dtype,
          PROMPT,
          times[2],
          PROMPT / times[2],
          2.0 * shape.parameters() * PROMPT / times[2] / 1e12,
          load);
      for (int batch : new int[] {1, 8, 32, 128}) {
        int[] tokens = new int[batch];
        // Long enough for the clocks to rise.
        long warm = System.nanoTime() + 400_000_000L;
        while (System.nanoTime() < warm) {
          model.decode(tokens, CONTEXT);
        }
        double[] steps = new double[STEPS];
        for (int i = 0; i < STEPS; i++) {
          long from = System.nanoTime();
          model.decode(tokens, CONTEXT + i);
          steps[i] = (System.nanoTime() - from) / 1e9;
        }
        Arrays.sort(steps);
        double median = steps[STEPS / 2];
        System.out.printf(
            "{\"what\":\"decode\",\"shape\":\"%s\",\"dtype\":\"%s\",\"batch\":%d,\"context\":%d,"
                + "\"step_ms\":%.3f,\"tokens_per_s\":%.0f,\"graphs\":%d}%n",
            shape.name(), dtype, batch, CONTEXT, median * 1e3, batch / median, backend.graphs());
      }
    }
  }

  @SuppressWarnings("SystemOut")
  private static void kernels(CudaBackend backend) {
    launches(backend);
    int[][] shapes = {{4096, 4096}, {6144, 4096}, {28_672, 4096}, {4096, 14_336}};
    for (DType dtype : new DType[] {DType.BF16, DType.Q8_0, DType.Q4_0, DType.Q4_1}) {
      for (int[] shape : shapes) {
        try (Arena arena = Arena.ofConfined()) {
          long bytes = dtype.bytes((long) shape[0] * shape[1]);
          MemorySegment data = arena.allocate(bytes, 64);
          byte[] noise = new byte[1 << 20];
          new Random(1).nextBytes(noise);
          for (int i = 0; i < noise.length; i++) {
            noise[i] = (byte) (noise[i] & 0xBB); // keeps floats small
          }
          for (long at = 0; at < bytes; at += noise.length) {
            MemorySegment.copy(
                MemorySegment.ofArray(noise), 0, data, at, Math.min(noise.length, bytes - at));
          }
          // Copies, so that weights come from memory and not from the cache.
          int copies = Math.clamp((400L << 20) / bytes, 1, 12);
          Weight[] weights = new Weight[copies];
          for (int i = 0; i < copies; i++) {
            weights[i] =
                backend.load(new HostTensor("w", dtype, new long[] {shape[0], shape[1]}, data));
          }
          for (int rows : new int[] {1, 8, 16, 32, 64, 128, 2048}) {
            double seconds = time(backend, weights, rows);
            System.out.printf(
                "{\"what\":\"matmul\",\"dtype\":\"%s\",\"outputs\":%d,\"inputs\":%d,\"rows\":%d,"
                    + "\"us\":%.1f,\"gb_per_s\":%.0f,\"tflops\":%.1f}%n",
                dtype,
                shape[0],
                shape[1],
                rows,
                seconds * 1e6,
                weights[0].bytes() / seconds / 1e9,
                2.0 * shape[0] * shape[1] * rows / seconds / 1e12);
          }
        }
      }
    }
  }

  @SuppressWarnings("SystemOut")
  private static void launches(CudaBackend backend) {
    try (Tensor one = backend.allocate(1, 1)) {
      for (int round = 0; round < 3; round++) {
        long start = System.nanoTime();
        for (int i = 0; i < 2000; i++) {
          backend.clear(one);
        }
        double queued = (System.nanoTime() - start) / 2e9;
        backend.read(one, new float[1]);
        double done = (System.nanoTime() - start) / 2e9;
        System.out.printf(
            "{\"what\":\"launch\",\"host_us\":%.2f,\"device_us\":%.2f}%n",
            queued * 1e3, done * 1e3);
      }
    }
  }

  private static double time(CudaBackend backend, Weight[] weights, int rows) {
    int repeats = rows > 1000 ? 12 : 60;
    Batch nothing = new Batch(new int[0], new int[1], new int[0], new int[0][], new int[0]);
    try (Tensor x = backend.allocate(rows, weights[0].inputs());
        Tensor out = backend.allocate(rows, weights[0].outputs());
        Tensor one = backend.allocate(1, 1)) {
      float[] values = new float[rows * weights[0].inputs()];
      Random random = new Random(3);
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextFloat() - 0.5f;
      }
      backend.write(values, x);
      double best = Double.MAX_VALUE;
      for (int round = 0; round < 5; round++) {
        backend.read(one, new float[1]);
        long start = System.nanoTime();
        // Bound to a batch, so that the repetitions run as one graph: no launch overhead.
        BoundBatch batch = backend.bind(nothing);
        for (int i = 0; i < repeats; i++) {
          backend.matmul(x, weights[i % weights.length], out);
        }
        batch.close();
        backend.read(one, new float[1]);
        best = Math.min(best, (System.nanoTime() - start) / 1e9 / repeats);
      }
      return best;
    }
  }
}
