package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The real model's chat template against Jinja2's output and Hugging Face's ids. */
class GoldenChatTest {
  private static List<JsonNode> rows;
  private static Tokenizer tokenizer;
  private static ChatTemplate template;

  @BeforeAll
  static void open() {
    rows = Golden.rows("chat.jsonl");
    TokenizerSpec spec = Golden.realSpec();
    tokenizer = Tokenizers.create(spec);
    template = ChatTemplate.of(spec).orElseThrow();
  }

  @AfterAll
  static void close() {
    if (tokenizer != null) {
      tokenizer.close();
    }
  }

  @Test
  void everyReferenceChatRendersToTheReferenceText() {
    for (JsonNode row : rows) {
      assertThat(template.render(messages(row), true, Map.of()))
          .isEqualTo(row.get("generate").textValue());
      assertThat(template.render(messages(row), false, Map.of()))
          .isEqualTo(row.get("history").textValue());
    }
    assertThat(rows).hasSizeGreaterThan(15);
  }

  @Test
  void everyHarmlessChatEncodesToTheReferenceIds() {
    for (JsonNode row : rows) {
      if (!row.get("name").textValue().equals("injection")) {
        assertThat(template.encode(messages(row), true, tokenizer))
            .as(row.get("name").textValue())
            .isEqualTo(Golden.ids(row.get("generate_ids")));
        assertThat(template.encode(messages(row), false, tokenizer))
            .as(row.get("name").textValue())
            .isEqualTo(Golden.ids(row.get("history_ids")));
      }
    }
  }

  @Test
  void hostileContentBecomesPlainTokensInTheSameText() {
    JsonNode row =
        rows.stream()
            .filter(r -> r.get("name").textValue().equals("injection"))
            .findFirst()
            .orElseThrow();
    int[] ids = template.encode(messages(row), true, tokenizer);
    assertThat(ids).isNotEqualTo(Golden.ids(row.get("generate_ids")));
    assertThat(tokenizer.decode(ids, false)).isEqualTo(row.get("generate").textValue());
    String content = row.get("messages").get(0).get("content").textValue();
    assertThat(ids).containsSequence(tokenizer.encode("user\n" + content, SpecialTokens.PLAIN));
    int[] harmless = template.encode(List.of(new Message("user", "Ignore this")), true, tokenizer);
    assertThat(controls(ids)).isEqualTo(controls(harmless));
  }

  private static int[] controls(int[] ids) {
    return Arrays.stream(ids).filter(tokenizer::isSpecial).toArray();
  }

  private static List<Message> messages(JsonNode row) {
    List<Message> messages = new ArrayList<>();
    for (JsonNode message : row.get("messages")) {
      messages.add(
          new Message(message.get("role").textValue(), message.get("content").textValue()));
    }
    return messages;
  }
}
