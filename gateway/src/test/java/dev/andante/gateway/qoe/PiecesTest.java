package dev.andante.gateway.qoe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.pipeline.Answer.Piece;
import dev.andante.gateway.pipeline.AnswerToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PiecesTest {

  private static Piece piece(String text, int visible, int... starts) {
    return new Piece(3, text, Answers.tokens(IntStream.of(starts)), visible);
  }

  private static List<String> texts(List<Piece> pieces) {
    return pieces.stream()
        .map(p -> p.text() + "/" + p.visible() + "/" + p.tokens().size())
        .toList();
  }

  @Test
  void aTokenEach() {
    assertThat(texts(Pieces.apart(piece("one two three", 3, 10, 13, 17), 10)))
        .containsExactly("one/1/1", " two/1/1", " three/1/1");
  }

  @Test
  void tokensThatMakeACharacterTogetherStayTogether() {
    assertThat(texts(Pieces.apart(piece("aéb", 4, 0, 1, 1, 2), 0)))
        .containsExactly("a/1/1", "é/2/2", "b/1/1");
  }

  @Test
  void whatWasHeldBackGoesFirst() {
    assertThat(texts(Pieces.apart(piece("held one", 2, 4, 5), 0)))
        .containsExactly("held /1/1", "one/1/1");
  }

  @Test
  void tokensThatNobodySeesComeLast() {
    assertThat(texts(Pieces.apart(piece("ab", 2, 0, 1, 2, Integer.MAX_VALUE), 0)))
        .containsExactly("a/1/1", "b/1/3");
  }

  @Test
  void whatCannotBeTakenApartIsLeftAsItIs() {
    Piece whole = piece("abc", 1, 0);
    assertThat(Pieces.apart(whole, 0)).containsExactly(whole);
    Piece silent = piece("", 0, Integer.MAX_VALUE);
    assertThat(Pieces.apart(silent, 7)).containsExactly(silent);
    Piece rest = piece("rest", 0);
    assertThat(Pieces.apart(rest, 7)).containsExactly(rest);
  }

  @Test
  void nothingIsLostOrReordered() {
    Random random = new Random(7);
    for (int i = 0; i < 10_000; i++) {
      int begin = random.nextInt(5);
      int length = random.nextInt(6);
      int count = random.nextInt(7);
      int[] starts =
          random.ints(count, Math.max(0, begin - 2), begin + length + 2).sorted().toArray();
      int visible = count == 0 ? 0 : random.nextInt(count + 1);
      Piece piece = piece("abcdef".substring(0, length), visible, starts);
      List<Piece> parts = Pieces.apart(piece, begin);
      StringBuilder text = new StringBuilder();
      List<AnswerToken> tokens = new ArrayList<>();
      int seen = 0;
      for (Piece part : parts) {
        assertThat(part.visible()).isLessThanOrEqualTo(part.tokens().size());
        text.append(part.text());
        tokens.addAll(part.tokens());
        seen += part.visible();
      }
      assertThat(text.toString()).isEqualTo(piece.text());
      assertThat(tokens).isEqualTo(piece.tokens());
      assertThat(seen).isEqualTo(visible);
    }
  }
}
