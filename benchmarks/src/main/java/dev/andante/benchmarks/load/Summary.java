package dev.andante.benchmarks.load;

import dev.andante.benchmarks.load.measure.Outcome;
import dev.andante.benchmarks.load.measure.RequestResult;
import dev.andante.benchmarks.load.measure.Tally;
import dev.andante.benchmarks.report.Runtimes;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The one JSON line of a run. Times are milliseconds. */
final class Summary {

  private static final double GOOD = 0.95;

  private Summary() {}

  /**
   * @param costs of the client ({@code client}) and of the watched processes
   */
  static Map<String, Object> of(
      LoadOptions options, String model, Plan plan, Tally tally, Map<String, Object> costs) {
    List<RequestResult> results = tally.results();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("benchmark", "load");
    line.put("label", options.label());
    line.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    line.put("url", options.url().toString());
    line.put("model", model);
    line.put("traffic", options.traffic().describe());
    line.put("lengths", options.lengths().describe());
    line.put("cut_lengths", plan.cutLengths());
    line.put("seed", options.seed());
    line.put("pacing", options.pacing());
    line.put("seconds", tally.seconds());
    line.put("requests", results.size());
    line.put("requests_per_s", results.size() / tally.seconds());
    for (Outcome outcome : Outcome.values()) {
      line.put(outcome.label(), tally.count(outcome));
    }
    line.put("prompt_tokens_mean", mean(results, RequestResult::promptTokens));
    line.put("tokens", tally.tokens());
    line.put("tokens_per_s", tally.tokens() / tally.seconds());
    line.put("ttft_ms", tally.ttft().describe());
    line.put("tbt_ms", tally.tbt().describe());
    line.put("whole_ms", tally.whole().describe());
    line.put("mean_qoe_v1", mean(results, RequestResult::qoeV1));
    line.put("mean_qoe_v2", mean(results, RequestResult::qoeV2));
    line.put("share_qoe_95", mean(results, result -> result.qoeV2() >= GOOD ? 1 : 0));
    line.put("tokens_with_warm_up", tally.overTime().tokens());
    line.put("most_open", tally.overTime().mostOpen());
    line.put("send_lag_ms", tally.sendLag().describe());
    line.put("deliveries", tally.events());
    line.put("costs", costs);
    line.put("cpus", Runtime.getRuntime().availableProcessors());
    line.putAll(Runtimes.jvm());
    return line;
  }

  private static double mean(List<RequestResult> results, ToDoubleFunction<RequestResult> value) {
    return results.stream().mapToDouble(value).filter(v -> v >= 0).average().orElse(Double.NaN);
  }
}
