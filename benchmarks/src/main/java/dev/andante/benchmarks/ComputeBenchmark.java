package dev.andante.benchmarks;

import dev.andante.benchmarks.report.JsonText;
import dev.andante.benchmarks.report.Runtimes;
import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.format.WeightFile;
import dev.andante.format.WeightFiles;
import dev.andante.model.LanguageModel;
import dev.andante.model.loading.ModelOptions;
import dev.andante.model.loading.Models;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Our side of the side-by-side benchmark: loads a model once, then measures what it is told to, so
 * that start and warm-up of the JVM are not repeated each time the sides take turns.
 *
 * <p>Commands come on standard input, one a line; each is answered by one JSON line on standard
 * output, {@code {"error": …}} if it failed. {@link Commands} lists them. The end of the input ends
 * the program.
 */
public final class ComputeBenchmark {

  private ComputeBenchmark() {}

  /** Runs until {@code quit} or the end of the input. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] arguments) throws IOException {
    WorkerOptions options;
    try {
      options = WorkerOptions.parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "; usage: ComputeBenchmark " + WorkerOptions.USAGE);
      System.exit(2);
      return;
    }
    long start = System.nanoTime();
    try (ComputePool pool = new ComputePool(options.threads());
        Backend backend = Backends.open(options.backend(), pool, options.precision())) {
      WeightFile file = WeightFiles.open(options.model());
      ModelOptions limits = ModelOptions.defaults().withMaxContextLength(options.maxContext());
      try (LanguageModel model = Models.load(file, backend, limits);
          ForwardBenchmark forward = new ForwardBenchmark(backend, model)) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("engine", "andante");
        about.put("load_s", (System.nanoTime() - start) / 1e9);
        about.put("threads", options.threads());
        about.putAll(Runtimes.backend(backend));
        about.putAll(Runtimes.jvm());
        about.putAll(ModelCost.of(file, model).describe());
        serve(new Commands(forward, options.threads(), about));
      }
    }
  }

  @SuppressWarnings("SystemOut")
  private static void serve(Commands commands) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line;
    while ((line = lines.readLine()) != null && !line.equals("quit")) {
      if (!line.isBlank()) {
        System.out.println(JsonText.of(commands.answer(line.strip())));
        System.out.flush();
      }
    }
  }
}
