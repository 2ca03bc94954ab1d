package dev.andante.gateway.pipeline;

import dev.andante.protocol.v1.Token;

/**
 * A token and where its text stands.
 *
 * @param start characters (UTF-16) of the answer before it; of a token that ends or continues a
 *     character that others began, before that character; {@link #NO_TEXT} of an end token
 */
public record AnswerToken(Token token, int start) {

  static final int NO_TEXT = Integer.MAX_VALUE;
}
