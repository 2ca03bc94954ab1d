package dev.andante.simulator;

import dev.andante.simulator.serving.Outcome;
import dev.andante.simulator.serving.Samples;
import java.math.BigDecimal;
import java.math.MathContext;

/**
 * One line of results.
 *
 * @param rate multiple of the saturation rate
 * @param saturationRate requests per second
 */
record ResultLine(String policy, double rate, double saturationRate, Outcome outcome) {

  String json() {
    return "{\"policy\":\"%s\",\"rate\":%s,\"saturation_rate\":%s,"
            .formatted(policy, number(rate), number(saturationRate))
        + "\"mean_qoe_v1\":%s,\"mean_qoe_v2\":%s,\"share_qoe_95\":%s,"
            .formatted(
                number(outcome.meanQoeV1()),
                number(outcome.meanQoeV2()),
                number(outcome.shareContent()))
        + times("ttft", outcome.firstTokens())
        + times("tbt", outcome.betweenTokens())
        + times("whole", outcome.wholes())
        + "\"rejected\":%d,\"preemptions\":%d,\"tokens_per_s\":%s}"
            .formatted(
                outcome.rejected(), outcome.preemptions(), number(outcome.tokensPerSecond()));
  }

  private static String times(String name, Samples samples) {
    return "\"%1$s_mean\":%2$s,\"%1$s_p50\":%3$s,\"%1$s_p90\":%4$s,\"%1$s_p99\":%5$s,"
        .formatted(
            name,
            number(samples.mean()),
            number(samples.percentile(0.5)),
            number(samples.percentile(0.9)),
            number(samples.percentile(0.99)));
  }

  /** Five significant digits, as JSON has numbers. */
  private static String number(double value) {
    return value == 0
        ? "0"
        : new BigDecimal(value).round(new MathContext(5)).stripTrailingZeros().toPlainString();
  }
}
