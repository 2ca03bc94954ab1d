package dev.andante.format;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A strict JSON reader (RFC 8259) for the files that come with a model. Refuses what lenient
 * parsers let pass: duplicate keys, trailing text, comments, NaN; and documents nested deeper than
 * 64 levels or of more than eight million values.
 *
 * <p>Values are unmodifiable {@code Map<String, Object>} in document order, unmodifiable {@code
 * List<Object>}, {@code String}, {@code Long} (integers that fit), {@code Double} (other numbers),
 * {@code Boolean} and null.
 */
public final class Json {
  private static final int DEEPEST = 64;
  private static final int MOST_VALUES = 1 << 23;

  private final Path source;
  private final long base;
  private final String text;
  private int at;
  private int values;

  private Json(Path source, long base, String text) {
    this.source = source;
    this.base = base;
    this.text = text;
  }

  /**
   * Parses a document whose top is an object.
   *
   * @param source the file to name in errors
   * @throws ModelFormatException if the bytes are not such a document
   */
  public static Map<String, Object> parseObject(Path source, byte[] utf8) {
    return parseObject(source, 0, utf8);
  }

  /**
   * @param base position of the document in its file, for errors
   */
  static Map<String, Object> parseObject(Path source, long base, byte[] utf8) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new ModelFormatException(source, null, base, "is not UTF-8; fetch it again", e);
    }
    Json json = new Json(source, base, text);
    json.skipSpace();
    if (json.peek() != '{') {
      throw json.problem("a JSON object is expected");
    }
    Map<String, Object> top = json.object(0);
    json.skipSpace();
    if (json.at < text.length()) {
      throw json.problem("there is text after the end of the JSON document");
    }
    return top;
  }

  private @Nullable Object value(int depth) {
    if (depth > DEEPEST) {
      throw problem("JSON is nested more than " + DEEPEST + " levels deep");
    }
    if (++values > MOST_VALUES) {
      throw problem("JSON has more than " + MOST_VALUES + " values");
    }
    return switch (peek()) {
      case '{' -> object(depth);
      case '[' -> array(depth);
      case '"' -> string();
      case 't' -> literal("true", true);
      case 'f' -> literal("false", false);
      case 'n' -> literal("null", null);
      default -> number();
    };
  }

  @SuppressWarnings("NullAway") // JSON null is a value
  private Map<String, Object> object(int depth) {
    Map<String, Object> map = new LinkedHashMap<>();
    at++;
    skipSpace();
    if (peek() == '}') {
      at++;
      return Collections.unmodifiableMap(map);
    }
    while (true) {
      skipSpace();
      if (peek() != '"') {
        throw problem("a JSON key in double quotes is expected");
      }
      String key = string();
      skipSpace();
      expect(':');
      skipSpace();
      if (map.containsKey(key)) {
        throw problem("the JSON key '" + Names.printable(key) + "' appears twice");
      }
      map.put(key, value(depth + 1));
      skipSpace();
      if (peek() == '}') {
        at++;
        return Collections.unmodifiableMap(map);
      }
      expect(',');
    }
  }

  @SuppressWarnings("NullAway") // JSON null is a value
  private List<Object> array(int depth) {
    List<Object> list = new ArrayList<>(4);
    at++;
    skipSpace();
    if (peek() == ']') {
      at++;
      return Collections.unmodifiableList(list);
    }
    while (true) {
      skipSpace();
      list.add(value(depth + 1));
      skipSpace();
      if (peek() == ']') {
        at++;
        return Collections.unmodifiableList(list);
      }
      expect(',');
    }
  }

  private String string() {
    int start = ++at;
    while (peek() != '"' && peek() != '\\' && peek() >= ' ') {
      at++;
    }
    if (peek() == '"') {
      return text.substring(start, at++);
    }
    StringBuilder built = new StringBuilder().append(text, start, at);
    while (true) {
      char c = peek();
      at++;
      if (c == '"') {
        return built.toString();
      } else if (c == '\\') {
        built.append(escape());
      } else if (c < ' ') {
        at--;
        throw problem("a JSON string holds a bare control character or does not end");
      } else {
        built.append(c);
      }
    }
  }

  private char escape() {
    char c = peek();
    at++;
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> unicode();
      default -> throw problem("a JSON string holds an unknown escape");
    };
  }

  private char unicode() {
    int unit = 0;
    for (int i = 0; i < 4; i++) {
      char c = peek();
      int digit = c < 128 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw problem("a JSON \\u escape needs four hexadecimal digits");
      }
      unit = (unit << 4) | digit;
      at++;
    }
    return (char) unit;
  }

  private <T extends @Nullable Object> T literal(String word, T meaning) {
    if (!text.startsWith(word, at)) {
      throw problem("a JSON value is expected");
    }
    at += word.length();
    return meaning;
  }

  private Object number() {
    int start = at;
    if (peek() == '-') {
      at++;
    }
    int whole = at;
    int digits = digits();
    if (digits > 1 && text.charAt(whole) == '0') {
      throw problem("a JSON number has a leading zero");
    }
    boolean integer = true;
    if (peek() == '.') {
      integer = false;
      at++;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      integer = false;
      at++;
      if (peek() == '+' || peek() == '-') {
        at++;
      }
      digits();
    }
    if (at - start > 400) {
      throw problem("a JSON number has too many digits");
    }
    String literal = text.substring(start, at);
    if (integer && digits <= 18) {
      return Long.parseLong(literal);
    }
    if (integer) {
      try {
        return Long.parseLong(literal);
      } catch (NumberFormatException beyondLong) {
        return Double.parseDouble(literal);
      }
    }
    return Double.parseDouble(literal);
  }

  private int digits() {
    int start = at;
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
    if (at == start) {
      throw problem("a JSON value is expected");
    }
    return at - start;
  }

  private void expect(char wanted) {
    if (peek() != wanted) {
      throw problem("'" + wanted + "' is expected in JSON");
    }
    at++;
  }

  private void skipSpace() {
    while (true) {
      char c = peek();
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
        return;
      }
      at++;
    }
  }

  /** The next character, or NUL at the end: no production accepts a bare NUL. */
  private char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }

  private ModelFormatException problem(String what) {
    String where = at >= text.length() ? "the document ends early" : "at character " + at;
    return new ModelFormatException(
        source, null, base + at, what + " (" + where + "); the file is damaged, fetch it again");
  }
}
