package dev.andante.benchmarks.load.measure;

import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.qoe.QoeSpec;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What became of one request. Times are milliseconds, NaN where there is none.
 *
 * @param dueMs after the start
 * @param lateMs how long after that it was sent
 * @param status HTTP's; 0 = none came
 * @param error empty where it completed
 * @param promptTokens as the server counted; -1 = it did not
 * @param tokens that came
 * @param ttftMs from due to the first token
 * @param tpotMs between the first delivery and the last, by the tokens after the first delivery
 * @param wholeMs from due to the end
 */
public record RequestResult(
    long index,
    double dueMs,
    double lateMs,
    Outcome outcome,
    int status,
    String error,
    Demand demand,
    int promptTokens,
    int tokens,
    double ttftMs,
    double tpotMs,
    double wholeMs,
    QoeSpec expectation,
    double qoeV1,
    double qoeV2) {

  /** For a JSON line. */
  public Map<String, Object> describe() {
    Map<String, Object> about = new LinkedHashMap<>();
    about.put("index", index);
    about.put("due_ms", dueMs);
    about.put("late_ms", lateMs);
    about.put("outcome", outcome.label());
    about.put("status", status);
    if (!error.isEmpty()) {
      about.put("error", error);
    }
    about.put("prompt_tokens_asked", demand.promptTokens());
    if (promptTokens >= 0) {
      about.put("prompt_tokens", promptTokens);
    }
    about.put("output_tokens_asked", demand.outputTokens());
    about.put("tokens", tokens);
    about.put("ttft_ms", ttftMs);
    about.put("tpot_ms", tpotMs);
    about.put("whole_ms", wholeMs);
    about.put("expected_ttft_s", expectation.ttftSeconds());
    about.put("expected_tokens_per_s", expectation.tokensPerSecond());
    about.put("qoe_v1", qoeV1);
    about.put("qoe_v2", qoeV2);
    return about;
  }
}
