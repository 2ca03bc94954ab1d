package dev.andante.gateway.pipeline;

import dev.andante.qoe.QoeOverride;
import java.util.OptionalInt;

/**
 * What a request may say beyond OpenAI's API.
 *
 * @param qoe what the reader expects
 * @param pacing whether tokens may be held back to the reader's pace
 * @param priority higher = more important; empty = the request does not say
 * @param speculation whether draft tokens may be verified for it
 * @param explain whether the response says how it was served
 */
public record Extensions(
    QoeOverride qoe,
    PacingWish pacing,
    OptionalInt priority,
    boolean speculation,
    boolean explain) {

  /** Of a request that says nothing. */
  public static final Extensions NONE =
      new Extensions(QoeOverride.NONE, PacingWish.NONE, OptionalInt.empty(), true, false);

  Extensions unlessSaid(QoeOverride expected) {
    return new Extensions(qoe.over(expected), pacing, priority, speculation, explain);
  }
}
