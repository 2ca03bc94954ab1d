package dev.andante.engine;

import java.util.Map;

/**
 * How tokens are chosen. Randomness comes from {@code seed} and the position of the token alone, so
 * a resumed or retried stream samples the same tokens.
 *
 * @param temperature 0 = greedy
 * @param topK 0 = off
 * @param topP 1 = off
 * @param minP 0 = off
 * @param presencePenalty subtracted once from the logit of every generated token id
 * @param frequencyPenalty subtracted per occurrence among the generated tokens
 * @param repetitionPenalty divides positive and multiplies negative logits of ids in prompt or
 *     answer; 1 = off
 * @param seed any value
 * @param logitBias added to the logits of these ids
 * @param logprobs whether log-probabilities are reported (under the raw logits)
 * @param topLogprobs alternatives reported per token
 */
public record SamplingParams(
    float temperature,
    int topK,
    float topP,
    float minP,
    float presencePenalty,
    float frequencyPenalty,
    float repetitionPenalty,
    long seed,
    Map<Integer, Float> logitBias,
    boolean logprobs,
    int topLogprobs) {

  public static final SamplingParams GREEDY =
      new SamplingParams(0, 0, 1, 0, 0, 0, 1, 0, Map.of(), false, 0);

  /**
   * @throws IllegalArgumentException naming the field and its limits
   */
  public SamplingParams {
    check(temperature >= 0 && temperature <= 100, "temperature", "0 to 100", temperature);
    check(topK >= 0, "top_k", "at least 0", topK);
    check(topP > 0 && topP <= 1, "top_p", "above 0, up to 1", topP);
    check(minP >= 0 && minP <= 1, "min_p", "0 to 1", minP);
    check(Math.abs(presencePenalty) <= 2, "presence_penalty", "-2 to 2", presencePenalty);
    check(Math.abs(frequencyPenalty) <= 2, "frequency_penalty", "-2 to 2", frequencyPenalty);
    check(
        repetitionPenalty > 0 && repetitionPenalty <= 100,
        "repetition_penalty",
        "above 0, up to 100",
        repetitionPenalty);
    check(topLogprobs >= 0 && topLogprobs <= 20, "top_logprobs", "0 to 20", topLogprobs);
    logitBias = Map.copyOf(logitBias);
  }

  public boolean greedy() {
    return temperature == 0;
  }

  private static void check(boolean ok, String field, String limits, Number value) {
    if (!ok) {
      throw new IllegalArgumentException(field + " must be " + limits + ", not " + value);
    }
  }
}
