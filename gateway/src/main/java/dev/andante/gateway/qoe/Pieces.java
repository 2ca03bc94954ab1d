package dev.andante.gateway.qoe;

import dev.andante.gateway.pipeline.Answer.Piece;
import dev.andante.gateway.pipeline.AnswerToken;
import java.util.ArrayList;
import java.util.List;

/** Takes pieces apart that hold the text of several tokens, as workers that speculate send them. */
final class Pieces {

  private Pieces() {}

  /**
   * The piece as pieces of a token's text each; of several tokens where only they together made a
   * character. Joined, they are the piece.
   *
   * @param begin characters of the answer before it
   */
  static List<Piece> apart(Piece piece, int begin) {
    List<AnswerToken> tokens = piece.tokens();
    int end = begin + piece.text().length();
    List<Piece> out = new ArrayList<>();
    int cut = begin;
    int first = 0;
    for (int i = 1; i < piece.visible(); i++) {
      int start = tokens.get(i).start();
      // Not before the first token: what stands there belongs to one that is gone already.
      if (start > cut && start < end && start > tokens.get(first).start()) {
        out.add(
            new Piece(
                piece.index(),
                piece.text().substring(cut - begin, start - begin),
                tokens.subList(first, i),
                i - first));
        cut = start;
        first = i;
      }
    }
    if (out.isEmpty()) {
      return List.of(piece);
    }
    out.add(
        new Piece(
            piece.index(),
            piece.text().substring(cut - begin),
            tokens.subList(first, tokens.size()),
            piece.visible() - first));
    return out;
  }
}
