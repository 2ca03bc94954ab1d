package dev.andante.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopStringsTest {

  @Test
  void textWithoutAStopStringPasses() {
    StopStrings stops = new StopStrings(List.of());
    assertThat(stops.accept("anything", true)).isEqualTo("anything");
    assertThat(stops.matched()).isFalse();
  }

  @Test
  void aBeginningIsHeldBackUntilItIsNone() {
    StopStrings stops = new StopStrings(List.of("END", "\n\n"));
    assertThat(stops.accept("the E", true)).isEqualTo("the ");
    assertThat(stops.accept("N", true)).isEmpty();
    assertThat(stops.accept("E", true)).isEqualTo("EN");
    assertThat(stops.accept("ND of", true)).isEmpty();
    assertThat(stops.matched()).isTrue();
    assertThat(stops.flush()).isEmpty();
  }

  @Test
  void whatWasHeldComesAtTheEnd() {
    StopStrings stops = new StopStrings(List.of("stop"));
    assertThat(stops.accept("non sto", true)).isEqualTo("non ");
    assertThat(stops.flush()).isEqualTo("sto");
  }

  @Test
  void theEarliestOneCuts() {
    StopStrings stops = new StopStrings(List.of("later", "b"));
    assertThat(stops.accept("a b later", true)).isEqualTo("a ");
  }

  @Test
  void aMatchThatIsNotHonouredYetPasses() {
    StopStrings stops = new StopStrings(List.of("x"));
    assertThat(stops.accept("axb", false)).isEqualTo("axb");
    assertThat(stops.matched()).isFalse();
    assertThat(stops.accept("x", true)).isEmpty();
    assertThat(stops.matched()).isTrue();
  }

  /** However the text is cut into pieces, what is shown ends before the first stop string. */
  @Test
  void piecesDoNotMatter() {
    Random random = new Random(7);
    for (int round = 0; round < 20_000; round++) {
      List<String> stops = new ArrayList<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        stops.add(word(random, 1 + random.nextInt(4)));
      }
      String text = word(random, random.nextInt(20));
      StopStrings matcher = new StopStrings(stops);
      StringBuilder shown = new StringBuilder();
      int at = 0;
      while (at < text.length() && !matcher.matched()) {
        int next = Math.min(text.length(), at + 1 + random.nextInt(4));
        shown.append(matcher.accept(text.substring(at, next), true));
        at = next;
      }
      if (!matcher.matched()) {
        shown.append(matcher.flush());
      }
      // A stop string counts when it is complete; of those complete in one piece the earliest.
      String seen = text.substring(0, at);
      int cut =
          stops.stream().mapToInt(seen::indexOf).filter(i -> i >= 0).min().orElse(seen.length());
      assertThat(shown.toString()).as("%s in %s", stops, text).isEqualTo(seen.substring(0, cut));
    }
  }

  private static String word(Random random, int length) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append((char) ('a' + random.nextInt(3)));
    }
    return word.toString();
  }
}
