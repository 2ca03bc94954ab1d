package dev.andante.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  private static Map<String, Object> parse(String text) {
    return Json.parseObject(Path.of("f.json"), text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void everyKindOfValueIsRead() {
    Map<String, Object> map =
        parse(
            " {\"s\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é\", \"i\":-12, \"z\":0,"
                + "\"d\":1.5e3, \"big\":123456789012345678901, \"long\":9223372036854775807,"
                + "\"t\":true,\"f\":false,\"n\":null,\"l\":[1,[],{}],\"o\":{\"k\":\"v\"}}\n");
    assertThat(map)
        .containsEntry("s", "a\"\\/\b\f\n\r\té😀é")
        .containsEntry("i", -12L)
        .containsEntry("z", 0L)
        .containsEntry("d", 1500.0)
        .containsEntry("big", Double.valueOf("123456789012345678901"))
        .containsEntry("long", Long.MAX_VALUE)
        .containsEntry("t", true)
        .containsEntry("f", false)
        .containsEntry("n", null)
        .containsEntry("l", List.of(1L, List.of(), Map.of()))
        .containsEntry("o", Map.of("k", "v"));
    assertThat(map.keySet()).startsWith("s", "i", "z");
    assertThatThrownBy(map::clear).isInstanceOf(UnsupportedOperationException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "1",
        "[]",
        "{",
        "{}x",
        "{}{}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":tru}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{\"a\":\"\\u00",
        "{\"a\":[1 2]}",
        "{\"a\":[1,]}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1}\u0000",
        "{/**/\"a\":1}",
        "{\"a\":\u00a01}"
      })
  void whatIsNotJsonIsRefused(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("f.json");
  }

  @Test
  void depthSizeAndEncodingAreLimited() {
    assertThatThrownBy(() -> parse("{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}"))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("deep");
    assertThatThrownBy(() -> parse("{\"a\":" + "9".repeat(500) + "}"))
        .isInstanceOf(ModelFormatException.class);
    assertThatThrownBy(
            () -> Json.parseObject(Path.of("f.json"), new byte[] {'{', '"', (byte) 0xFF, '"'}))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("UTF-8");
    byte[] many = new byte[2 * (1 << 23) + 64];
    Arrays.fill(many, (byte) '1');
    for (int i = 0; i < many.length; i += 2) {
      many[i] = ',';
    }
    byte[] head = "{\"a\":[1".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(head, 0, many, 0, head.length);
    assertThatThrownBy(() -> Json.parseObject(Path.of("f.json"), many))
        .isInstanceOf(ModelFormatException.class);
  }
}
