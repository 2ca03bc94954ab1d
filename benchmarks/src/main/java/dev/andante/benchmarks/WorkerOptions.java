package dev.andante.benchmarks;

import dev.andante.compute.Backends;
import dev.andante.compute.Precision;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What {@link ComputeBenchmark} is started with.
 *
 * @param model weights
 * @param threads of the compute pool
 * @param backend name of a backend on the class path, or {@link Backends#AUTO}
 * @param precision of products, where the backend has a choice
 * @param maxContext tokens per sequence that the measures will use at most
 */
record WorkerOptions(Path model, int threads, String backend, Precision precision, int maxContext) {

  static final String USAGE =
      "MODEL [--threads N] [--backend NAME] [--precision exact|fast] [--max-context TOKENS]";

  /**
   * @throws IllegalArgumentException saying what is wrong with the arguments
   */
  static WorkerOptions parse(String[] arguments) {
    Path model = null;
    int threads = Runtime.getRuntime().availableProcessors();
    String backend = Backends.AUTO;
    Precision precision = Precision.FAST;
    int maxContext = 8192;
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--threads" -> threads = Integer.parseInt(value(arguments, ++i));
        case "--backend" -> backend = value(arguments, ++i);
        case "--precision" ->
            precision = Precision.valueOf(value(arguments, ++i).toUpperCase(Locale.ROOT));
        case "--max-context" -> maxContext = Integer.parseInt(value(arguments, ++i));
        default -> {
          if (arguments[i].startsWith("--") || model != null) {
            throw new IllegalArgumentException("unknown argument " + arguments[i]);
          }
          model = Path.of(arguments[i]);
        }
      }
    }
    if (model == null) {
      throw new IllegalArgumentException("no model");
    }
    return new WorkerOptions(model, threads, backend, precision, maxContext);
  }

  private static String value(String[] arguments, int at) {
    if (at >= arguments.length) {
      throw new IllegalArgumentException(arguments[at - 1] + " needs a value");
    }
    return arguments[at];
  }
}
