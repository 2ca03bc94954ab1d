package dev.andante.benchmarks.load.workload;

import java.util.List;

/**
 * Fits the lengths of a trace to what is served here.
 *
 * @param factor what lengths are multiplied with; they stay at least 1
 * @param promptLimit longest prompt, in tokens; longer ones are cut
 * @param outputLimit longest answer
 */
public record LengthScale(double factor, int promptLimit, int outputLimit) {

  public List<TraceRow> rows(List<TraceRow> rows) {
    return rows.stream().map(row -> new TraceRow(row.arrivalSeconds(), of(row.demand()))).toList();
  }

  Demand of(Demand demand) {
    return new Demand(
        Math.min(scaled(demand.promptTokens()), promptLimit),
        Math.min(scaled(demand.outputTokens()), outputLimit),
        demand.blocks(),
        scaled(demand.blockTokens()));
  }

  private int scaled(int tokens) {
    return Math.clamp(Math.round(tokens * factor), 1, Integer.MAX_VALUE);
  }

  /** How many lengths the limits cut. */
  public long cut(List<TraceRow> rows) {
    return rows.stream()
        .map(TraceRow::demand)
        .mapToLong(
            demand ->
                (scaled(demand.promptTokens()) > promptLimit ? 1 : 0)
                    + (scaled(demand.outputTokens()) > outputLimit ? 1 : 0))
        .sum();
  }
}
