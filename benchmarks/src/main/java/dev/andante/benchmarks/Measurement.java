package dev.andante.benchmarks;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * One measure, several runs, in the shape that the peers' script prints too.
 *
 * @param test pp512, tg128, tg8@128, …
 * @param unit of the runs
 * @param runs one value each
 */
record Measurement(String test, String unit, double[] runs) {

  double median() {
    double[] sorted = runs.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  String json(String format, int threads, String backend) {
    return String.format(
        Locale.ROOT,
        "{\"engine\": \"andante\", \"version\": \"%s\", \"format\": \"%s\", \"threads\": %d, \"test\": \"%s\","
            + " \"value\": %.2f, \"unit\": \"%s\", \"best\": %.3f, \"runs\": [%s]}",
        backend,
        format,
        threads,
        test,
        median(),
        unit,
        Arrays.stream(runs).max().orElse(Double.NaN),
        Arrays.stream(runs)
            .mapToObj(run -> String.format(Locale.ROOT, "%.3f", run))
            .collect(Collectors.joining(", ")));
  }
}
