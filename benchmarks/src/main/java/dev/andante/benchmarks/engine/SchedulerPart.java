package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.scheduling.SteadyLoad;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** What scheduling one step costs under each policy, see {@link SteadyLoad}. */
final class SchedulerPart implements EnginePart {

  @Override
  public String name() {
    return "scheduler";
  }

  @Override
  public Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("running", "requests at once, with commas between (256)");
    options.put("steps", "measured, after as many to warm up (20000)");
    return options;
  }

  @Override
  public List<String> columns() {
    return List.of("policy", "running", "rows", "step_mean_us", "step_p50_us", "step_p99_us");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    int steps = Numbers.positive(given, "steps", 20_000);
    for (int running : Numbers.positives(given, "running", "256")) {
      for (SteadyLoad.Policy policy : SteadyLoad.Policy.values()) {
        SteadyLoad load = new SteadyLoad(policy, running);
        long[] nanos = new long[steps];
        play(load, nanos); // compiles and warms up
        long rows = play(load, nanos);
        line.accept(describe(policy, running, (double) rows / steps, nanos));
      }
    }
  }

  /**
   * @param nanos gets what each step takes
   * @return rows of all steps
   */
  private static long play(SteadyLoad load, long[] nanos) {
    long rows = 0;
    for (int i = 0; i < nanos.length; i++) {
      long begin = System.nanoTime();
      rows += load.step();
      nanos[i] = System.nanoTime() - begin;
    }
    return rows;
  }

  private static Map<String, Object> describe(
      SteadyLoad.Policy policy, int running, double rows, long[] nanos) {
    Samples samples = new Samples(Arrays.stream(nanos));
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("policy", policy.name().toLowerCase(Locale.ROOT));
    line.put("running", running);
    line.put("steps", nanos.length);
    line.put("rows", rows);
    line.put("step_mean_us", 1000 * samples.mean());
    line.put("step_p50_us", 1000 * samples.quantile(0.5));
    line.put("step_p99_us", 1000 * samples.quantile(0.99));
    return line;
  }
}
