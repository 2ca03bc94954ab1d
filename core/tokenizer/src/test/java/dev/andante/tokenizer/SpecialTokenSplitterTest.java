package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.tokenizer.SpecialTokenSplitter.Piece;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpecialTokenSplitterTest {
  private static final SpecialTokenSplitter SPLITTER =
      new SpecialTokenSplitter(
          List.of(
              new AddedToken(1, "<a>", true, false, false),
              new AddedToken(2, "<a><b>", true, false, false),
              new AddedToken(3, "<left>", true, true, false),
              new AddedToken(4, "<right>", true, false, true),
              new AddedToken(5, "<user>", false, false, false)));

  private static List<Piece> split(TextSegment... segments) {
    return SPLITTER.split(List.of(segments));
  }

  private static TextSegment trusted(String text) {
    return new TextSegment(text, true);
  }

  private static TextSegment untrusted(String text) {
    return new TextSegment(text, false);
  }

  private static Piece text(String text) {
    return new Piece.Text(text);
  }

  private static Piece special(int id) {
    return new Piece.Special(id);
  }

  @Test
  void theLongestTokenWins() {
    assertThat(split(trusted("x<a><b><a>y")))
        .containsExactly(text("x"), special(2), special(1), text("y"));
  }

  @Test
  void tokensInUntrustedTextAndAcrossSegmentsAreText() {
    assertThat(split(trusted("x<"), untrusted("a"), trusted(">"), untrusted("<a>")))
        .containsExactly(text("x<a><a>"));
    assertThat(split(trusted("<a"), trusted(">"))).containsExactly(text("<a>"));
  }

  @Test
  void tokensTakeTheSpaceBesideThemWhereTheySaySo() {
    assertThat(split(trusted("x \n<left> y"))).containsExactly(text("x"), special(3), text(" y"));
    assertThat(split(trusted("x <right> \n"), untrusted(" y")))
        .containsExactly(text("x "), special(4), text("y"));
  }

  @Test
  void tokensThatAreNotSpecialAreLeftToTheLibrary() {
    assertThat(split(trusted("<user>"))).containsExactly(text("<user>"));
  }
}
