package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.format.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Templates in the manner of the common models against what Jinja2 itself makes of them ({@code
 * templates/rendered.json}, made by {@code render_with_jinja2.py}).
 */
class TemplateReferenceTest {
  private static final Map<String, Object> REFERENCE =
      Json.parseObject(Path.of("rendered.json"), resource("rendered.json"));

  @ParameterizedTest
  @MethodSource("chats")
  void aChatRendersAsInJinja2(Map<String, Object> row) {
    ChatTemplate template =
        new ChatTemplate(
            new String(resource((String) row.get("template")), StandardCharsets.UTF_8),
            "<s>",
            "</s>");
    List<Message> messages = messages(row.get("messages"));
    boolean generate = (Boolean) row.get("add_generation_prompt");
    Map<String, Object> extra = map(row.get("extra"));
    if (row.get("raises") instanceof String message) {
      assertThatThrownBy(() -> template.render(messages, generate, extra))
          .isInstanceOfSatisfying(
              ChatTemplateException.class, e -> assertThat(e.raisedByTemplate()).isTrue())
          .hasMessageContaining(message);
    } else {
      assertThat(template.render(messages, generate, extra)).isEqualTo(row.get("text"));
    }
  }

  @ParameterizedTest
  @MethodSource("expressions")
  void anExpressionRendersAsInJinja2(Map<String, Object> row) {
    Map<String, Object> variables = new LinkedHashMap<>();
    Map<String, Object> dictionary = new LinkedHashMap<>();
    dictionary.put("a", 1L);
    dictionary.put("b", "two");
    variables.put("d", dictionary);
    variables.put(
        "msgs",
        List.of(
            Map.of("role", "user", "content", "q"),
            Map.of("role", "assistant", "content", "r"),
            Map.of("role", "user", "content", "s")));
    assertThat(
            new TemplateEngine()
                .render(TemplateDialect.toJinjava((String) row.get("template")), variables))
        .isEqualTo(row.get("text"));
  }

  static List<?> chats() {
    return (List<?>) REFERENCE.get("chats");
  }

  static List<?> expressions() {
    return (List<?>) REFERENCE.get("expressions");
  }

  private static List<Message> messages(Object value) {
    return ((List<?>) value)
        .stream()
            .map(entry -> map(entry))
            .map(m -> new Message((String) m.get("role"), (String) m.get("content")))
            .toList();
  }

  private static Map<String, Object> map(Object value) {
    Map<String, Object> map = new LinkedHashMap<>();
    ((Map<?, ?>) value).forEach((key, element) -> map.put((String) key, element));
    return map;
  }

  private static byte[] resource(String name) {
    try (InputStream in = TemplateReferenceTest.class.getResourceAsStream("/templates/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
