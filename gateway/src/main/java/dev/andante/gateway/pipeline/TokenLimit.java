package dev.andante.gateway.pipeline;

import java.util.Optional;

/**
 * How many tokens an answer may have.
 *
 * @param tokens from 1
 * @param param the field of the request that says so, for errors; empty = nobody asked for it, and
 *     the limit gives way where the context has less room
 */
public record TokenLimit(int tokens, Optional<String> param) {

  /** All that the context has room for. */
  public static final TokenLimit NONE = unasked(Integer.MAX_VALUE);

  /** What a field of the request asks for. */
  public static TokenLimit asked(String param, int tokens) {
    return new TokenLimit(tokens, Optional.of(param));
  }

  /** What holds where the request does not say. */
  public static TokenLimit unasked(int tokens) {
    return new TokenLimit(tokens, Optional.empty());
  }
}
