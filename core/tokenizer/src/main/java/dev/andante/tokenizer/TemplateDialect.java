package dev.andante.tokenizer;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rewrites the few constructs of Jinja2 chat templates that jinjava lacks, inside tags only: {@code
 * [::-1]} becomes the filter {@code reverse}; {@code generation} blocks, which mark text for
 * training, become blocks that always hold. A loop with a condition of its own is refused, because
 * jinjava would run it zero times without a word.
 */
final class TemplateDialect {
  private static final Pattern TAG = Pattern.compile("(?s)\\{%.*?%}|\\{\\{.*?}}|\\{#.*?#}");
  private static final Pattern REVERSED = Pattern.compile("\\[\\s*::\\s*-\\s*1\\s*]");
  private static final Pattern GENERATION =
      Pattern.compile("^\\{%([-+]?)\\s*generation\\s*([-+]?)%}$");
  private static final Pattern END_GENERATION =
      Pattern.compile("^\\{%([-+]?)\\s*endgeneration\\s*([-+]?)%}$");
  private static final Pattern FOR = Pattern.compile("(?s)^\\{%[-+]?\\s*for\\s.*");

  private TemplateDialect() {}

  /**
   * @throws ChatTemplateException if the template uses what cannot be rewritten
   */
  static String toJinjava(String template) {
    // Jinja2 drops one newline at the end of a template; jinjava would drop that of the output.
    String source =
        template.endsWith("\n") ? template.substring(0, template.length() - 1) : template;
    Matcher matcher = TAG.matcher(source);
    StringBuilder rewritten = new StringBuilder(source.length() + 64);
    while (matcher.find()) {
      matcher.appendReplacement(rewritten, Matcher.quoteReplacement(rewrite(matcher.group())));
    }
    return matcher.appendTail(rewritten).toString();
  }

  private static String rewrite(String tag) {
    if (tag.startsWith("{#")) {
      return tag;
    }
    String plain = GENERATION.matcher(tag).replaceFirst("{%$1 if true $2%}");
    plain = END_GENERATION.matcher(plain).replaceFirst("{%$1 endif $2%}");
    plain = REVERSED.matcher(plain).replaceAll("|reverse");
    if (FOR.matcher(plain).matches() && hasCondition(plain)) {
      throw new ChatTemplateException(
          "the chat template has a loop with a condition ({% for … if … %}), which is not"
              + " supported; put an {% if %} inside the loop",
          false, null);
    }
    return plain;
  }

  /** Whether the word {@code if} stands outside quotes and brackets. */
  private static boolean hasCondition(String tag) {
    int depth = 0;
    char quote = 0;
    for (int i = 0; i < tag.length(); i++) {
      char c = tag.charAt(i);
      if (quote != 0) {
        i += c == '\\' ? 1 : 0;
        quote = c == quote ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '(' || c == '[' || c == '{') {
        depth++;
      } else if (c == ')' || c == ']' || c == '}') {
        depth--;
      } else if (depth <= 1 && tag.startsWith(" if ", i)) {
        return true; // depth 1 is the brace of the tag itself
      }
    }
    return false;
  }
}
