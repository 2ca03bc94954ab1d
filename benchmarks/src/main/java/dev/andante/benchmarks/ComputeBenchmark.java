package dev.andante.benchmarks;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.format.WeightFiles;
import dev.andante.model.LanguageModel;
import dev.andante.model.loading.Models;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/**
 * Prefill and decode speed of one model file, as JSON lines.
 *
 * <p>{@code ComputeBenchmark MODEL [threads] [repeats] [backend] [exact|fast]}
 */
public final class ComputeBenchmark {

  private ComputeBenchmark() {}

  public static void main(String[] args) {
    if (args.length < 1) {
      System.err.println(
          "usage: ComputeBenchmark MODEL [threads] [repeats] [backend] [exact|fast]");
      System.exit(2);
    }
    int threads = args.length > 1 ? Integer.parseInt(args[1]) : 2;
    int repeats = args.length > 2 ? Integer.parseInt(args[2]) : 3;
    String name = args.length > 3 ? args[3] : Backends.AUTO;
    Precision precision =
        args.length > 4 ? Precision.valueOf(args[4].toUpperCase(Locale.ROOT)) : Precision.FAST;
    try (ComputePool pool = new ComputePool(threads);
        Backend backend = Backends.open(name, pool, precision);
        LanguageModel model = Models.load(WeightFiles.open(Path.of(args[0])), backend);
        ForwardBenchmark forward = new ForwardBenchmark(backend, model)) {
      for (int warmUp = 0; warmUp < 2; warmUp++) {
        forward.prefill(512);
        forward.decode(1, 0, 64);
      }
      List<Measurement> results = new ArrayList<>();
      results.add(measure("pp512", repeats, () -> forward.prefill(512)));
      results.add(measure("tg128", repeats, () -> forward.decode(1, 0, 128)));
      for (int sequences : new int[] {1, 4, 8, 16}) {
        forward.decode(sequences, 128, 8);
        results.add(
            measure("tg" + sequences + "@128", repeats, () -> forward.decode(sequences, 128, 64)));
      }
      results.forEach(
          result -> System.out.println(result.json(format(args[0]), threads, backend.name())));
    }
  }

  private static Measurement measure(String test, int repeats, DoubleSupplier run) {
    double[] runs = new double[repeats];
    Arrays.setAll(runs, i -> run.getAsDouble());
    return new Measurement(test, "tok/s", runs);
  }

  /** The weight format, as it stands in file names such as {@code Name.Q4_1.gguf}. */
  private static String format(String path) {
    String[] parts = Path.of(path).getFileName().toString().split("\\.");
    return parts.length >= 3 ? parts[parts.length - 2] : "?";
  }
}
