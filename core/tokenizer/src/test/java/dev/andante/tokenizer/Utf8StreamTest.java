package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Utf8StreamTest {

  /** The table of Unicode 16, section 3.9, and its neighbours. */
  @ParameterizedTest
  @CsvSource({
    "E4B8, 1",
    "F09F98, 1",
    "E08080, 3",
    "EDA080, 3",
    "F0808080, 4",
    "F4908080, 4",
    "C080, 2",
    "E4B8E4B8AD, 2",
    "FF, 1",
    "80, 1",
    "F8888080, 4",
    "E1A0C0, 2"
  })
  void aBrokenCharacterBecomesOneReplacementForEachMaximalPart(String hex, int characters) {
    String text = decode(HexFormat.of().parseHex(hex));
    assertThat(text).hasSize(characters).contains("\uFFFD");
  }

  @Test
  void nothingComesOutBeforeACharacterIsComplete() {
    Utf8Stream stream = new Utf8Stream();
    StringBuilder out = new StringBuilder();
    byte[] emoji = "😀".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 3; i++) {
      stream.add(emoji[i], out);
      assertThat(out).isEmpty();
    }
    stream.add(emoji[3], out);
    assertThat(out).hasToString("😀");
  }

  @Property
  void everyCodePointSurvives(@ForAll @IntRange(max = Character.MAX_CODE_POINT) int codePoint) {
    if (codePoint < 0xD800 || codePoint > 0xDFFF) {
      String text = "a" + Character.toString(codePoint) + "z";
      assertThat(decode(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
    }
  }

  private static String decode(byte[] bytes) {
    Utf8Stream stream = new Utf8Stream();
    StringBuilder out = new StringBuilder();
    for (byte b : bytes) {
      stream.add(b, out);
    }
    stream.end(out);
    return out.toString();
  }
}
