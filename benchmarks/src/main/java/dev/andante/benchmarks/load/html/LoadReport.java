package dev.andante.benchmarks.load.html;

import dev.andante.benchmarks.load.measure.Latencies;
import dev.andante.benchmarks.load.measure.OverTime;
import dev.andante.benchmarks.load.measure.RequestResult;
import dev.andante.benchmarks.load.measure.Tally;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The page: what was sent, what came of it, charts. No script, no resource from elsewhere. */
public final class LoadReport {

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1d2733; --faint: #d8dee6; --paper: #fff; --c0: #1664c0; --c1: #d1650f; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e3e9f0; --faint: #39434f; --paper: #14191f; --c0: #6cb0ff; --c1: #ff9f52; } }
      body { margin: 2rem auto; max-width: 84rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
      h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
      table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid var(--faint); font-variant-numeric: tabular-nums; }
      td:first-child, th:first-child { text-align: left; } .wrap { overflow-x: auto; }
      .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(34rem, 100%), 1fr)); gap: 1rem; }
      svg { width: 100%; height: auto; } text { fill: var(--ink); font: 12px system-ui, sans-serif; }
      .title { font-size: 14px; font-weight: 600; } .tick { font-size: 11px; } .middle { text-anchor: middle; } .end { text-anchor: end; }
      .grid { stroke: var(--faint); fill: none; } .line { fill: none; stroke-width: 1.8; } .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); }
      """;

  private static final List<String> QUANTILES = List.of("mean", "p50", "p90", "p99", "p999", "max");

  private static final double LEAST_MS = 0.1; // what is shorter is at the edge

  private LoadReport() {}

  /**
   * @param summary as in {@code summary.json}
   */
  public static String of(Map<String, Object> summary, Tally tally) {
    String title =
        Stream.of("Load", text(summary.get("label")), text(summary.get("model")))
            .filter(part -> !part.isEmpty())
            .collect(Collectors.joining(" · "));
    return """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>%s</title>
    <style>
    %s</style></head><body>
    <h1>%s</h1>
    <h2>What was sent</h2>
    %s
    <h2>What came of it</h2>
    %s
    <h2>Milliseconds</h2>
    %s
    <p>Times count from when a request was due, also where this client was late. Between tokens: from one delivery to the next, which may bring several.
    A request that was rejected, failed, broke off or could not be sent has a QoE of 0 and no time.</p>
    <div class="charts">
    %s</div>
    <h2>Cost</h2>
    %s
    </body></html>
    """
        .formatted(
            Text.escaped(title),
            STYLE,
            Text.escaped(title),
            facts(summary, "date", "url", "traffic", "lengths", "cut_lengths", "seed", "pacing"),
            facts(
                summary,
                "seconds",
                "requests",
                "completed",
                "rejected",
                "failed",
                "aborted",
                "unsent",
                "tokens_per_s",
                "mean_qoe_v1",
                "mean_qoe_v2",
                "share_qoe_95",
                "most_open"),
            times(summary),
            charts(tally).stream().map(Chart::svg).collect(Collectors.joining()),
            costs(summary));
  }

  private static String facts(Map<String, Object> summary, String... names) {
    return Stream.of(names)
        .map(name -> row("td", name.replace('_', ' '), text(summary.get(name))))
        .collect(Collectors.joining("\n", "<div class=\"wrap\"><table>\n", "\n</table></div>"));
  }

  private static String times(Map<String, Object> summary) {
    StringBuilder table = new StringBuilder("<div class=\"wrap\"><table>\n");
    List<String> head = new ArrayList<>(List.of("", "count"));
    head.addAll(QUANTILES);
    table.append(row("th", head.toArray(String[]::new)));
    time(table, "to the first token", summary.get("ttft_ms"));
    time(table, "between tokens", summary.get("tbt_ms"));
    time(table, "to the end, completed", summary.get("whole_ms"));
    time(table, "sent late by this client", summary.get("send_lag_ms"));
    return table.append("</table></div>").toString();
  }

  private static void time(StringBuilder table, String name, Object times) {
    if (times instanceof Map<?, ?> map) {
      List<String> cells = new ArrayList<>(List.of(name, text(map.get("count"))));
      QUANTILES.forEach(quantile -> cells.add(text(map.get(quantile))));
      table.append(row("td", cells.toArray(String[]::new)));
    }
  }

  private static String costs(Map<String, Object> summary) {
    StringBuilder table = new StringBuilder("<div class=\"wrap\"><table>\n");
    table.append(row("th", "", "CPU seconds", "cores", "most memory, MiB"));
    if (summary.get("costs") instanceof Map<?, ?> costs) {
      costs.forEach(
          (name, cost) -> {
            if (cost instanceof Map<?, ?> one) {
              table.append(
                  row(
                      "td",
                      String.valueOf(name),
                      text(one.get("cpu_s")),
                      text(one.get("cores")),
                      text(one.get("rss_mib"))));
            }
          });
    }
    return table.append("</table></div>").toString();
  }

  private static String row(String cell, String... texts) {
    return Stream.of(texts)
        .map(text -> "<" + cell + ">" + Text.escaped(text) + "</" + cell + ">")
        .collect(Collectors.joining("", "<tr>", "</tr>\n"));
  }

  private static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "";
      case Double number when Math.abs(number) >= 1000 ->
          String.format(Locale.ROOT, "%.0f", number);
      case Double number -> String.format(Locale.ROOT, "%.3g", number);
      default -> value.toString();
    };
  }

  private static List<Chart> charts(Tally tally) {
    OverTime over = tally.overTime();
    return List.of(
        distribution("Time to first token", tally.ttft()),
        distribution("Time between tokens", tally.tbt()),
        qoe(tally.results()),
        overTime(
            "Requests over time",
            "requests",
            new Chart.Line("open", over.open()),
            new Chart.Line("no token yet", over.waiting())),
        overTime("Tokens over time", "tokens/s", new Chart.Line("tokens", over.tokensPerSecond())));
  }

  private static Chart distribution(String title, Latencies latencies) {
    List<double[]> points = latencies.cumulative();
    Axis x =
        points.isEmpty()
            ? new Axis("ms", 1, 10, true)
            : Axis.decades(
                "ms", Math.max(LEAST_MS, points.getFirst()[0]), Math.max(1, points.getLast()[0]));
    return new Chart(
        title,
        x,
        new Axis("share at most that", 0, 1, false),
        true,
        List.of(new Chart.Line("", points)));
  }

  private static Chart qoe(List<RequestResult> results) {
    return new Chart(
        "Quality of experience",
        new Axis("QoE", 0, 1, false),
        new Axis("share at most that", 0, 1, false),
        true,
        List.of(
            new Chart.Line("v2", shares(results, RequestResult::qoeV2)),
            new Chart.Line("v1", shares(results, RequestResult::qoeV1))));
  }

  private static List<double[]> shares(
      List<RequestResult> results, ToDoubleFunction<RequestResult> value) {
    double[] sorted = results.stream().mapToDouble(value).sorted().toArray();
    List<double[]> points = new ArrayList<>();
    if (sorted.length > 0) {
      points.add(new double[] {0, 0});
    }
    for (int i = 0; i < sorted.length; i++) {
      points.add(new double[] {sorted[i], (i + 1.0) / sorted.length});
    }
    if (sorted.length > 0) {
      points.add(new double[] {1, 1});
    }
    return points;
  }

  private static Chart overTime(String title, String unit, Chart.Line... lines) {
    double last = 0;
    double most = 0;
    for (Chart.Line line : lines) {
      for (double[] point : line.points()) {
        last = Math.max(last, point[0]);
        most = Math.max(most, point[1]);
      }
    }
    return new Chart(
        title, Axis.upTo("seconds", last), Axis.upTo(unit, most), true, List.of(lines));
  }
}
