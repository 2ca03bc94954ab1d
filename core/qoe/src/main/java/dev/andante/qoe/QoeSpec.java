package dev.andante.qoe;

/**
 * What one reader expects: the first token {@link #ttftSeconds} after submission, the others at a
 * steady pace. Token i (from 1) is ideally there at {@code ttft + (i - 1) / pace}.
 *
 * @param ttftSeconds from 0.001 to 3600
 * @param tokensPerSecond from 0.01 to 10,000
 */
public record QoeSpec(double ttftSeconds, double tokensPerSecond) {

  /** Prompt tokens that a reader grants a second for (Andes v2). */
  private static final double PROMPT_TOKENS_PER_SECOND = 5000;

  private static final double LEAST_TTFT_SECONDS = 1;

  /**
   * @throws QoeSpecException if a value is outside of its field's limits
   */
  public QoeSpec {
    QoeField.TTFT.check(ttftSeconds);
    QoeField.TOKENS_PER_SECOND.check(tokensPerSecond);
  }

  /** {@code max(promptTokens / 5000, 1)} seconds, then 4.8 tokens per second. */
  public static QoeSpec forPrompt(long promptTokens) {
    return resolve(promptTokens, QoeOverride.NONE, QoeOverride.NONE, QoeOverride.NONE);
  }

  /** Defaults for a prompt, overruled by what the model, the tenant and the request say. */
  public static QoeSpec resolve(
      long promptTokens, QoeOverride model, QoeOverride tenant, QoeOverride request) {
    if (promptTokens < 0) {
      throw new IllegalArgumentException("promptTokens must not be negative, not " + promptTokens);
    }
    double patience = Math.max(promptTokens / PROMPT_TOKENS_PER_SECOND, LEAST_TTFT_SECONDS);
    QoeOverride said = request.over(tenant).over(model);
    Double ttft = said.ttftSeconds();
    Double pace = said.tokensPerSecond();
    return new QoeSpec(
        ttft != null ? ttft : Math.min(patience, QoeField.TTFT.max()),
        pace != null ? pace : ReaderPace.READING.tokensPerSecond());
  }

  /** Seconds a reader spends on a token. */
  public double secondsPerToken() {
    return 1 / tokensPerSecond;
  }

  /** When token {@code index} (from 1) should be there, seconds after submission. */
  public double idealSeconds(long index) {
    return ttftSeconds + (index - 1) / tokensPerSecond;
  }

  /** Sum of {@link #idealSeconds} over the first {@code tokens} tokens. */
  public double idealSumSeconds(long tokens) {
    return tokens * ttftSeconds + tokens * (tokens - 1.0) / 2 / tokensPerSecond;
  }

  /** How many tokens an ideal delivery's reader has read {@code ageSeconds} after submission. */
  public long dueTokens(double ageSeconds) {
    return Math.max(0, (long) Math.floor((ageSeconds - ttftSeconds) * tokensPerSecond));
  }
}
