package dev.andante.benchmarks.load;

import dev.andante.benchmarks.load.workload.Arrival;
import dev.andante.benchmarks.load.workload.Demands;
import dev.andante.benchmarks.load.workload.Gaps;
import dev.andante.benchmarks.load.workload.Schedule;
import dev.andante.benchmarks.load.workload.TraceRow;
import dev.andante.benchmarks.load.workload.Traces;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A load with its traces read.
 *
 * @param arrivals in their order; empty for a closed loop
 * @param cutLengths how many lengths of the trace the limits cut
 */
record Plan(List<Arrival> arrivals, Demands demands, long cutLengths) {

  /**
   * @throws IllegalArgumentException if a trace is none, or nothing would be sent
   */
  static Plan of(LoadOptions options) throws IOException {
    long cut = 0;
    Demands demands;
    switch (options.lengths()) {
      case Lengths.Spans spans ->
          demands = Demands.uniform(spans.prompt(), spans.output(), options.seed());
      case Lengths.Traced traced -> {
        List<TraceRow> rows = read(traced.trace());
        cut = traced.scale().cut(rows);
        demands = Demands.of(traced.scale().rows(rows));
      }
    }
    List<Arrival> arrivals = arrivals(options, demands);
    if (arrivals.isEmpty() && !(options.traffic() instanceof Traffic.Closed)) {
      throw new IllegalArgumentException("no request is due in that time");
    }
    return new Plan(arrivals, demands, cut);
  }

  private static List<Arrival> arrivals(LoadOptions options, Demands demands) throws IOException {
    return switch (options.traffic()) {
      case Traffic.Poisson t -> random(options, Gaps.poisson(t.rate()), demands);
      case Traffic.Gamma t -> random(options, Gaps.gamma(t.rate(), t.cv()), demands);
      case Traffic.Even t -> random(options, Gaps.even(t.rate()), demands);
      case Traffic.Replay t ->
          Schedule.replay(
              read(t.trace()), demands, t.timeScale(), options.seconds(), options.requests());
      case Traffic.Closed _ -> List.of();
    };
  }

  private static List<Arrival> random(LoadOptions options, Gaps gaps, Demands demands) {
    return Schedule.random(gaps, demands, options.seed(), options.seconds(), options.requests());
  }

  private static List<TraceRow> read(Path trace) throws IOException {
    return Traces.read(trace);
  }
}
