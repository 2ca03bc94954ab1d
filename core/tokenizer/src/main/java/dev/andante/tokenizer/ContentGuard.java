package dev.andante.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Marks what users wrote so that it can be told from what the template wrote after rendering. Marks
 * are private-use characters that occur nowhere in the inputs of this rendering, so that nobody can
 * write one. For one rendering.
 */
final class ContentGuard {
  private static final char FIRST = '\uE000';
  private static final char LAST = '\uF8FF';

  private final char open;
  private final char close;
  private final char seam;
  private final Set<String> special;
  private final Map<Character, Character> aliases = new HashMap<>();
  private final Map<Character, Character> originals = new HashMap<>();

  /**
   * @param inputs everything that goes into the rendering, the template included
   * @param special texts of the special tokens
   * @throws ChatTemplateException if the inputs use up the private-use characters
   */
  ContentGuard(List<String> inputs, Set<String> special) {
    this.special = special;
    Unused unused = new Unused(inputs, special);
    open = unused.next();
    close = unused.next();
    seam = unused.next();
    for (String text : special) {
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (!aliases.containsKey(c) && !PythonMethods.isSpace(c)) {
          char alias = unused.next();
          aliases.put(c, alias);
          originals.put(alias, c);
        }
      }
    }
  }

  /** The text between marks, but for space at its ends, which templates trim. */
  String wrap(String content) {
    int from = 0;
    int to = content.length();
    while (from < to && PythonMethods.isSpace(content.charAt(from))) {
      from++;
    }
    while (from < to && PythonMethods.isSpace(content.charAt(to - 1))) {
      to--;
    }
    return from == to
        ? content
        : content.substring(0, from)
            + open
            + breakUp(content.substring(from, to))
            + close
            + content.substring(to);
  }

  /** The text with a seam inside everything that reads like a special token, in any case. */
  String breakUp(String content) {
    StringBuilder broken = new StringBuilder(content.length() + 8);
    for (int i = 0; i < content.length(); i++) {
      broken.append(content.charAt(i));
      if (startsSpecial(content, i)) {
        broken.append(seam);
      }
    }
    return broken.toString();
  }

  /** The text spelled so that no character of it can be part of a special token. */
  String alias(String content) {
    StringBuilder aliased = new StringBuilder(content.length());
    for (int i = 0; i < content.length(); i++) {
      aliased.append(aliases.getOrDefault(content.charAt(i), content.charAt(i)));
    }
    return aliased.toString();
  }

  /**
   * Cuts a rendering at its marks and takes them out. Between an opening and a closing mark text is
   * untrusted; a mark that a template has torn from its partner still cuts. Aliases turn back into
   * what they stand for and are untrusted.
   */
  List<TextSegment> segments(String rendered) {
    List<TextSegment> segments = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    boolean inside = false;
    boolean trusted = true;
    for (int i = 0; i < rendered.length(); i++) {
      char c = rendered.charAt(i);
      if (c == open || c == close || c == seam) {
        end(text, trusted, segments);
        inside = c == open || (c == seam && inside);
        trusted = !inside;
        continue;
      }
      Character original = originals.get(c);
      boolean now = !inside && original == null;
      if (now != trusted) {
        end(text, trusted, segments);
        trusted = now;
      }
      text.append(original == null ? c : original);
    }
    end(text, trusted, segments);
    return segments;
  }

  private static void end(StringBuilder text, boolean trusted, List<TextSegment> segments) {
    if (!text.isEmpty()) {
      segments.add(new TextSegment(text.toString(), trusted));
      text.setLength(0);
    }
  }

  private boolean startsSpecial(String content, int at) {
    for (String token : special) {
      if (token.length() > 1 && content.regionMatches(true, at, token, 0, token.length())) {
        return true;
      }
    }
    return false;
  }

  /** Hands out private-use characters that the inputs do not use. */
  private static final class Unused {
    private final boolean[] used = new boolean[LAST - FIRST + 1];
    private int at;

    Unused(List<String> inputs, Set<String> special) {
      inputs.forEach(this::mark);
      special.forEach(this::mark);
    }

    char next() {
      while (at < used.length && used[at]) {
        at++;
      }
      if (at == used.length) {
        throw new ChatTemplateException(
            "the messages use too many private-use characters (U+E000 to U+F8FF); leave some out",
            true,
            null);
      }
      return (char) (FIRST + at++);
    }

    private void mark(String text) {
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c >= FIRST && c <= LAST) {
          used[c - FIRST] = true;
        }
      }
    }
  }
}
