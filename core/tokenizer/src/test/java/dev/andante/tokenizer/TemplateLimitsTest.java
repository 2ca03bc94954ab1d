package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates come with models, and models come from strangers. */
@Tag("slow")
class TemplateLimitsTest {
  private static final List<Message> HELLO = List.of(new Message("user", "Hello {{ 6 * 7 }}"));

  @ParameterizedTest
  @ValueSource(
      strings = {
        // endless work
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        // endless text
        "{% set ns = namespace(s='abcdefgh') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s='abcdefgh') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s=['a']) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s|length }}",
        "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s | replace('a', 'aa') %}{% endfor %}{{ ns.s|length }}",
        "{% set ns = namespace(s='a') %}{% for i in range(60) %}{% set ns.s = ns.s * 10 %}{% endfor %}{{ ns.s|length }}",
        "{{ 'a' * 2000000000 }}",
        "{{ 'a' | center(2000000000) }}",
        "{{ '%2000000000d' | format(1) }}",
        // broken
        "{% if %}",
        "{{ 'a' + }}",
        "{% nonsense %}",
        "{{ nofunction() }}",
        "{{ 'a' | nofilter }}",
        "{{ 'a' is notest }}",
        "{{ 'a'.nomethod() }}",
        "{% for m in messages if m.role == 'user' %}{% endfor %}",
        "{% for m in messages %}x{% else %}y{% endfor %}",
        // reaching out
        "{% include '/etc/passwd' %}",
        "{% import '/etc/passwd' as x %}",
        "{% extends 'a' %}",
        "{{ 'a'.getClass() }}",
        "{{ 'a'.getBytes() }}",
        "{{ messages.getClass() }}",
        "{{ messages.stream() }}",
        "{{ messages[0].entrySet() }}",
        "{{ '{{ 1 }}' | render }}",
        "{{ '[1]' | fromjson }}"
      })
  void aHostileOrBrokenTemplateIsATypedError(String source) {
    assertThatThrownBy(
            () -> {
              String text = new ChatTemplate(source, "", "").render(HELLO, true, Map.of());
              throw new AssertionError("rendered " + text.length() + " characters");
            })
        .isInstanceOfSatisfying(
            ChatTemplateException.class, e -> assertThat(e.raisedByTemplate()).isFalse());
  }

  @Test
  void contentIsNotRenderedAsATemplate() {
    ChatTemplate template = new ChatTemplate("{{ messages[0].content }}", "", "");
    assertThat(template.render(HELLO, true, Map.of())).isEqualTo("Hello {{ 6 * 7 }}");
  }

  @Test
  void deepNestingIsATypedError() {
    String source = "{% if true %}".repeat(5000) + "x" + "{% endif %}".repeat(5000);
    assertThatThrownBy(() -> new ChatTemplate(source, "", "").render(HELLO, true, Map.of()))
        .isInstanceOf(ChatTemplateException.class);
    String expression = "{{ " + "(".repeat(20000) + "1" + ")".repeat(20000) + " }}";
    assertThatThrownBy(() -> new ChatTemplate(expression, "", "").render(HELLO, true, Map.of()))
        .isInstanceOf(ChatTemplateException.class);
  }

  @Test
  void attributesOfJavaObjectsAreOutOfReach() {
    ChatTemplate template =
        new ChatTemplate("[{{ 'a'.class }}{{ messages.class }}{{ messages[0].bytes }}]", "", "");
    assertThat(template.render(HELLO, true, Map.of())).isEqualTo("[]");
  }

  @Test
  void aTemplateThatIsTooLongIsRefused() {
    assertThatThrownBy(() -> new ChatTemplate("x".repeat(1 << 19), "", ""))
        .isInstanceOf(ChatTemplateException.class);
  }

  @Test
  void theDateIsAvailable() {
    ChatTemplate template = new ChatTemplate("{{ strftime_now('%d %b %Y') }}", "", "");
    assertThat(template.render(HELLO, true, Map.of())).matches("\\d\\d \\w{3} \\d{4}");
  }

  @Test
  void extraVariablesReachTheTemplate() {
    ChatTemplate template = new ChatTemplate("{{ a.b[0] }}{{ on }}", "", "");
    assertThat(template.render(HELLO, true, Map.of("a", Map.of("b", List.of("x y")), "on", 3)))
        .isEqualTo("x y3");
  }
}
