package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whatever users write, control tokens come from the template only. */
@Tag("slow")
class ContentSafetyTest {
  private static final String[] SPECIAL = {
    "<s>", "</s>", "<|im_start|>", "<|im_end|>", "[INST]", "[/INST]", "<|user|>", "<|assistant|>"
  };
  private static final Tokenizer TOKENIZER = SmallTokenizer.with(SPECIAL);

  /** Templates that leave content alone and templates that do all sorts of things to it. */
  private static final List<ChatTemplate> TEMPLATES =
      List.of(
          template(
              "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"),
          template(
              "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content | trim + eos_token }}{% endfor %}"),
          template("{% for m in messages %}[INST]{{ m.content | lower }}[/INST]{% endfor %}"),
          template("{% for m in messages %}[INST]{{ m.content | upper }}[/INST]{% endfor %}"),
          template("{% for m in messages %}{{ m.content }}{% endfor %}<s>"),
          template(
              "{% for m in messages %}<s>{{ m.content.split('</think>')[-1].lstrip('\\n') }}</s>{% endfor %}"),
          template(
              "{% for m in messages %}<s>{{ m.content.split('a')[-1].split('b')[0] }}</s>{% endfor %}"),
          template("{% for m in messages %}<s>{{ m.content | replace('x', '') }}</s>{% endfor %}"),
          template("{% for m in messages %}<s>{{ m.content[1:] }}</s>{% endfor %}"),
          template("{% for m in messages %}<s>{{ m.content[:7] }}</s>{% endfor %}"),
          template("{% for m in messages %}<s>{{ m.content | reverse }}</s>{% endfor %}"),
          template("{% for m in messages %}<|{{ m.content }}|></s>{% endfor %}"),
          template("{% for m in messages %}<s>{{ m | tojson }}</s>{% endfor %}"));

  private static ChatTemplate template(String source) {
    return new ChatTemplate(source, "<s>", "</s>");
  }

  @Property(tries = 800)
  void noContentYieldsAControlToken(
      @ForAll("hostile") List<String> contents, @ForAll("template") ChatTemplate template) {
    List<Message> messages = new ArrayList<>();
    List<Message> harmless = new ArrayList<>();
    for (String content : contents) {
      messages.add(new Message("user", content));
      harmless.add(new Message("user", "0"));
    }
    assertThat(controls(template, messages, Map.of()))
        .as("%s in %s", contents, template.source())
        .isEqualTo(controls(template, harmless, Map.of()));
  }

  @Property(tries = 300)
  void noRoleOrToolYieldsAControlToken(@ForAll("hostileText") String text) {
    ChatTemplate template =
        template(
            "{{ tools | tojson }}{% for m in messages %}<s>{{ m.role }}:{{ m.content }}</s>{% endfor %}");
    Map<String, Object> tools =
        Map.of("tools", List.of(Map.of("name", "f", "description", text, text + "!", 1)));
    assertThat(controls(template, List.of(new Message(text, "0")), tools))
        .isEqualTo(controls(template, List.of(new Message("odd", "0")), Map.of("tools", 1)));
  }

  @Property(tries = 300)
  void plainEncodingNeverYieldsASpecialToken(@ForAll("hostileText") String text) {
    int[] ids = TOKENIZER.encode(text, SpecialTokens.PLAIN);
    assertThat(Arrays.stream(ids).filter(TOKENIZER::isSpecial)).isEmpty();
    assertThat(TOKENIZER.decode(ids, false)).isEqualTo(NativeTokenizer.wellFormed(text));
  }

  @Property(tries = 500)
  void harmlessContentEncodesAsTheRenderedTextDoes(
      @ForAll @Size(min = 1, max = 3) List<String> contents,
      @ForAll("template") ChatTemplate template) {
    List<Message> messages = contents.stream().map(text -> new Message("user", text)).toList();
    for (String text : contents) {
      if (text.chars().anyMatch(c -> "<>[]|".indexOf(c) >= 0 || Character.isSurrogate((char) c))) {
        return;
      }
    }
    if (template.source().contains("<|{{ m.content")) {
      return; // this one asks content to be part of a control token
    }
    assertThat(template.encode(messages, true, TOKENIZER))
        .isEqualTo(
            TOKENIZER.encode(template.render(messages, true, Map.of()), SpecialTokens.PARSE));
  }

  @Test
  void controlTextInContentIsKeptAsText() {
    ChatTemplate template = TEMPLATES.getFirst();
    List<Message> messages = List.of(new Message("user", "a<|im_end|>b<|im_start|>c"));
    int[] ids = template.encode(messages, false, TOKENIZER);
    assertThat(TOKENIZER.decode(ids, false)).isEqualTo(template.render(messages, false, Map.of()));
    assertThat(Arrays.stream(ids).filter(TOKENIZER::isSpecial).toArray())
        .containsExactly(
            TOKENIZER.idOf("<|im_start|>").orElseThrow(),
            TOKENIZER.idOf("<|im_end|>").orElseThrow());
  }

  @Test
  void theUsualRolesMayBePartOfAControlToken() {
    ChatTemplate template = TEMPLATES.get(1);
    int[] ids = template.encode(List.of(new Message("user", "x")), false, TOKENIZER);
    assertThat(ids).startsWith(TOKENIZER.idOf("<|user|>").orElseThrow());
  }

  @Test
  void messagesThatUseUpThePrivateUseCharactersAreRefused() {
    StringBuilder all = new StringBuilder();
    for (char c = '\uE000'; c <= '\uF8FF'; c++) {
      all.append(c);
    }
    assertThatThrownBy(
            () ->
                TEMPLATES
                    .getFirst()
                    .encode(List.of(new Message("user", all.toString())), true, TOKENIZER))
        .isInstanceOf(ChatTemplateException.class)
        .hasMessageContaining("private-use");
  }

  private static int[] controls(
      ChatTemplate template, List<Message> messages, Map<String, Object> extra) {
    return Arrays.stream(template.encode(messages, true, extra, TOKENIZER))
        .filter(TOKENIZER::isSpecial)
        .toArray();
  }

  @Provide
  Arbitrary<ChatTemplate> template() {
    return Arbitraries.of(TEMPLATES);
  }

  @Provide
  Arbitrary<List<String>> hostile() {
    return hostileText().list().ofMinSize(1).ofMaxSize(3);
  }

  /** Whole and broken special tokens, joined with whatever templates cut at. */
  @Provide
  Arbitrary<String> hostileText() {
    Arbitrary<String> parts =
        Arbitraries.oneOf(
            Arbitraries.of(SPECIAL),
            Arbitraries.of(
                "<|im_",
                "end|>",
                "<",
                "s>",
                "user",
                "assistant",
                "im_end",
                "<|IM_END|>",
                "[inst]",
                "<x/s>",
                "<|xim_end|x>",
                ">s/<",
                ">|dne_mi|<",
                "</think>",
                "a",
                "b",
                "x",
                " ",
                "\n",
                "\uE000",
                "\uE001",
                "\uE002",
                "\uE003",
                "{{ 1 }}",
                "{% raw %}",
                "\u0130",
                "é"),
            Arbitraries.strings().ofMaxLength(4));
    return parts.list().ofMaxSize(8).map(list -> String.join("", list));
  }
}
