package dev.andante.benchmarks.ceilings;

import dev.andante.benchmarks.report.JsonText;
import dev.andante.benchmarks.report.Runtimes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Prints every ceiling that can be measured here, on one thread and on all, a JSON line each: the
 * best of some samples after one that does not count.
 *
 * <p>{@code Ceilings [THREADS [SAMPLES]]}
 */
public final class Ceilings {

  private Ceilings() {}

  @SuppressWarnings("SystemOut")
  public static void main(String[] arguments) {
    int threads =
        arguments.length > 0
            ? Integer.parseInt(arguments[0])
            : Runtime.getRuntime().availableProcessors();
    int samples = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
    CeilingProbes probes = CeilingProbes.available();
    for (Ceiling kind : Ceiling.values()) {
      for (int on : threads == 1 ? new int[] {1} : new int[] {1, threads}) {
        measure(probes, kind, on, samples)
            .forEach(
                (source, runs) -> System.out.println(JsonText.of(line(kind, on, source, runs))));
      }
    }
  }

  /** The samples of each source, without the first. */
  public static Map<String, List<Double>> measure(
      CeilingProbes probes, Ceiling kind, int threads, int samples) {
    Map<String, List<Double>> runs = new LinkedHashMap<>();
    for (int i = 0; i <= samples; i++) {
      boolean counts = i > 0;
      probes
          .sample(kind, threads, CeilingProbe.DRAM_BYTES)
          .forEach(
              (source, value) -> {
                List<Double> of = runs.computeIfAbsent(source, _ -> new ArrayList<>());
                if (counts) {
                  of.add(value);
                }
              });
    }
    return runs;
  }

  private static Map<String, Object> line(
      Ceiling kind, int threads, String source, List<Double> runs) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("ceiling", kind.id());
    line.put("source", source);
    line.put("threads", threads);
    line.put("value", runs.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN));
    line.put("unit", kind.unit());
    line.put("runs", runs);
    line.putAll(Runtimes.jvm());
    return line;
  }
}
