package dev.andante.gateway.qoe;

import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.AnswerToken;
import dev.andante.gateway.pipeline.ServingFigures;
import dev.andante.protocol.v1.Token;
import java.util.List;
import java.util.stream.IntStream;

/** Parts of answers, made by hand. */
final class Answers {

  private static final ServingFigures FIGURES = ServingFigures.NONE;

  private Answers() {}

  /** A piece of so many tokens, all of which begin with it. */
  static Answer.Piece piece(int index, String text, int tokens) {
    return new Answer.Piece(index, text, tokens(IntStream.generate(() -> 0).limit(tokens)), tokens);
  }

  /** Tokens that start there. */
  static List<AnswerToken> tokens(IntStream starts) {
    return starts
        .mapToObj(start -> new AnswerToken(Token.newBuilder().setId(7).build(), start))
        .toList();
  }

  static Answer.End end(int index) {
    return new Answer.End(index, Answer.Finish.STOP, 3, 10, FIGURES, null);
  }
}
