package dev.andante.benchmarks.engine;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** One thing that {@link EngineBenchmark} measures. */
interface EnginePart {

  /** As {@code --only} calls it. */
  String name();

  /** The options it knows, {@code --name value}, without the dashes, and what they mean. */
  Map<String, String> options();

  /** The fields of its lines that its table shows. */
  List<String> columns();

  /**
   * Measures.
   *
   * @param given the options given, its own and those of other parts
   * @param line called with each result
   * @throws IllegalArgumentException saying what is wrong with an option
   */
  void run(Map<String, String> given, Consumer<Map<String, Object>> line);
}
