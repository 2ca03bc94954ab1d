package dev.andante.tokenizer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rewrites the few constructs of Jinja2 chat templates that jinjava lacks, inside tags only: {@code
 * [::-1]} becomes the filter {@code reverse}; {@code generation} blocks, which mark text for
 * training, become blocks that always hold; {@code not x is y} is spelled so that it cannot be
 * misread. A loop with a condition or an else of its own is refused, because jinjava would render
 * something else without a word.
 */
final class TemplateDialect {
  private static final int DEEPEST_BRACKETS = 48;
  private static final Pattern TAG = Pattern.compile("(?s)\\{%.*?%}|\\{\\{.*?}}|\\{#.*?#}");
  private static final Pattern REVERSED = Pattern.compile("\\[\\s*::\\s*-\\s*1\\s*]");

  /** Jinja2 reads {@code not x is y} as {@code not (x is y)}, jinjava as {@code (not x) is y}. */
  private static final Pattern NOT_IS =
      Pattern.compile("\\bnot\\s+([A-Za-z_][\\w.]*(?:\\[[^\\]]*])?)\\s+is\\s+(?!not\\b)(\\w+)");

  private static final Pattern GENERATION =
      Pattern.compile("^\\{%([-+]?)\\s*generation\\s*([-+]?)%}$");
  private static final Pattern END_GENERATION =
      Pattern.compile("^\\{%([-+]?)\\s*endgeneration\\s*([-+]?)%}$");
  private static final Pattern MACRO = Pattern.compile("\\{%[-+]?\\s*macro\\s");

  /** A named argument, its value a term and at least one operator. */
  private static final Pattern NAMED =
      Pattern.compile(
          "([(,]\\s*+[A-Za-z_]\\w*+\\s*+=)(?!=)\\s*+"
              + "([^(),'\"{}\\[\\]+*/%~-]++[-+*/%~][^(),'\"{}\\[\\]]*+)(?=[,)])");

  private static final Pattern STRING =
      Pattern.compile(
          "'[^'\\\\]*+(?:\\\\.[^'\\\\]*+)*+'|\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\"",
          Pattern.DOTALL);
  private static final Pattern FILTER = Pattern.compile("\\|\\s*([A-Za-z_]\\w*)");
  private static final Pattern TEST = Pattern.compile("\\bis\\s+(?:not\\s+)?([A-Za-z_]\\w*)");
  private static final Pattern WORD = Pattern.compile("\\{%[-+]?\\s*(\\w+)");
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
    Deque<String> open = new ArrayDeque<>();
    while (matcher.find()) {
      refuseLoopElse(matcher.group(), open);
      matcher.appendReplacement(rewritten, Matcher.quoteReplacement(rewrite(matcher.group())));
    }
    return matcher.appendTail(rewritten).toString();
  }

  /** Names of the filters that the tags of a template use. */
  static Set<String> filters(String template) {
    return names(template, FILTER);
  }

  /** Names of the tests that the tags of a template use. */
  static Set<String> tests(String template) {
    return names(template, TEST);
  }

  private static Set<String> names(String template, Pattern pattern) {
    Set<String> names = new LinkedHashSet<>();
    Matcher tags = TAG.matcher(template);
    while (tags.find()) {
      if (!tags.group().startsWith("{#")) {
        pattern
            .matcher(STRING.matcher(tags.group()).replaceAll("''"))
            .results()
            .forEach(found -> names.add(found.group(1)));
      }
    }
    return names;
  }

  /** jinjava would render the {@code else} of a loop once for each element. */
  private static void refuseLoopElse(String tag, Deque<String> open) {
    Matcher word = WORD.matcher(tag);
    if (!word.lookingAt()) {
      return;
    }
    switch (word.group(1)) {
      case "for", "if" -> open.push(word.group(1));
      case "endfor", "endif" -> open.poll();
      case "else" -> {
        if ("for".equals(open.peek())) {
          throw new ChatTemplateException(
              "the chat template has a loop with an else, which is not supported; put an {% if %}"
                  + " around the loop",
              false, null);
        }
      }
      default -> {}
    }
  }

  private static String rewrite(String tag) {
    if (tag.startsWith("{#")) {
      return tag;
    }
    refuseDeepBrackets(tag);
    String plain = GENERATION.matcher(tag).replaceFirst("{%$1 if true $2%}");
    plain = END_GENERATION.matcher(plain).replaceFirst("{%$1 endif $2%}");
    plain = NOT_IS.matcher(plain).replaceAll("$1 is not $2");
    plain = REVERSED.matcher(plain).replaceAll("|reverse");
    plain = MACRO.matcher(plain).lookingAt() ? plain : bracketArguments(plain);
    if (FOR.matcher(plain).matches() && hasCondition(plain)) {
      throw new ChatTemplateException(
          "the chat template has a loop with a condition ({% for … if … %}), which is not"
              + " supported; put an {% if %} inside the loop",
          false, null);
    }
    return plain;
  }

  /** The time jinjava needs to parse brackets grows with the cube of their depth. */
  private static void refuseDeepBrackets(String tag) {
    int depth = 0;
    String code = STRING.matcher(tag).replaceAll("''");
    for (int i = 0; i < code.length(); i++) {
      char c = code.charAt(i);
      if (c == '(' || c == '[' || c == '{') {
        depth++;
      } else if (c == ')' || c == ']' || c == '}') {
        depth--;
      }
      if (depth > DEEPEST_BRACKETS) {
        throw new ChatTemplateException(
            "the chat template nests brackets more than " + DEEPEST_BRACKETS + " deep",
            false,
            null);
      }
    }
  }

  /** In {@code f(a=b - 1)} jinjava takes {@code a=b} for an operand; brackets prevent that. */
  private static String bracketArguments(String tag) {
    return NAMED.matcher(tag).replaceAll("$1($2)");
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
