package dev.andante.qoe;

import org.jspecify.annotations.Nullable;

/**
 * What one layer (model, tenant or request) says about expectations; checked when it is made, so
 * that a bad setting fails where it is written.
 *
 * @param ttftSeconds time to first token, or null if this layer does not say
 * @param tokensPerSecond pace, or null if this layer does not say
 */
public record QoeOverride(@Nullable Double ttftSeconds, @Nullable Double tokensPerSecond) {

  /** Says nothing. */
  public static final QoeOverride NONE = new QoeOverride(null, null);

  /**
   * @throws QoeSpecException if a stated value is outside of its field's limits
   */
  public QoeOverride {
    if (ttftSeconds != null) {
      QoeField.TTFT.check(ttftSeconds);
    }
    if (tokensPerSecond != null) {
      QoeField.TOKENS_PER_SECOND.check(tokensPerSecond);
    }
  }

  public static QoeOverride pace(ReaderPace pace) {
    return new QoeOverride(null, pace.tokensPerSecond());
  }

  /** Both layers as one; what this one says counts. */
  public QoeOverride over(QoeOverride lower) {
    return new QoeOverride(
        ttftSeconds != null ? ttftSeconds : lower.ttftSeconds,
        tokensPerSecond != null ? tokensPerSecond : lower.tokensPerSecond);
  }
}
