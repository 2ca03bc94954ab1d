package dev.andante.tokenizer;

import dev.andante.format.Json;
import dev.andante.format.ModelFormatException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a {@code tokenizer.json} that matter outside the native library: which tokens there
 * are, which are special, how ids become text.
 */
final class TokenizerJson {
  private static final int LARGEST_ID = 1 << 24;

  private final Map<String, Object> json;
  private final List<AddedToken> added;
  private final Map<String, Integer> ids;
  private final int size;

  private TokenizerJson(Map<String, Object> json) {
    this.json = json;
    this.added = readAdded(json.get("added_tokens"));
    this.ids = readVocabulary(model(json).get("vocab"));
    added.forEach(token -> ids.put(token.text(), token.id()));
    this.size = ids.values().stream().mapToInt(id -> id).max().orElse(-1) + 1;
  }

  /**
   * @throws TokenizerException if the document is not a tokenizer
   */
  static TokenizerJson parse(Path source, byte[] utf8) {
    try {
      return new TokenizerJson(Json.parseObject(source, utf8));
    } catch (ModelFormatException e) {
      throw new TokenizerException("the tokenizer is damaged: " + e.getMessage(), e);
    }
  }

  List<AddedToken> added() {
    return added;
  }

  /** Added tokens included. */
  Map<String, Integer> ids() {
    return ids;
  }

  int size() {
    return size;
  }

  @Nullable Object decoder() {
    return json.get("decoder");
  }

  Map<String, Integer> specialTokens() {
    Map<String, Integer> special = new LinkedHashMap<>();
    for (AddedToken token : added) {
      if (token.special()) {
        special.put(token.text(), token.id());
      }
    }
    return special;
  }

  OptionalInt idOf(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Whether the post-processor puts this token first. */
  boolean startsWith(String token) {
    return startsWith(json.get("post_processor"), token);
  }

  /**
   * The same tokenizer ignorant of its special tokens: nothing that is encoded with it can become
   * one, since their texts are gone from the vocabulary too. (The unknown token stays in it, for
   * characters that the vocabulary lacks.)
   */
  String withoutSpecialTokens() {
    Map<String, Object> plain = new LinkedHashMap<>(json);
    Map<String, Integer> special = specialTokens();
    plain.put(
        "added_tokens",
        list(json.get("added_tokens")).stream()
            .filter(
                token ->
                    !(token instanceof Map<?, ?> map && special.containsKey(map.get("content"))))
            .toList());
    plain.put("model", withoutSpecial(model(json), special));
    plain.put("post_processor", null);
    return compact(plain);
  }

  /** The tokenizer without truncation, padding and post-processing, which servers do themselves. */
  String withSpecialTokens() {
    Map<String, Object> bare = new LinkedHashMap<>(json);
    bare.put("post_processor", null);
    return compact(bare);
  }

  private static String compact(Map<String, Object> tokenizer) {
    tokenizer.put("truncation", null);
    tokenizer.put("padding", null);
    return JsonWriter.compact(tokenizer);
  }

  private static Map<String, Object> withoutSpecial(
      Map<String, Object> model, Map<String, Integer> special) {
    Map<String, Object> copy = new LinkedHashMap<>(model);
    switch (model.get("vocab")) {
      case Map<?, ?> vocab -> {
        Map<Object, Object> kept = new LinkedHashMap<>(vocab);
        Object unknown = model.get("unk_token");
        special.keySet().stream().filter(text -> !text.equals(unknown)).forEach(kept::remove);
        copy.put("vocab", kept);
        if (model.get("merges") instanceof List<?> merges) {
          copy.put("merges", merges.stream().filter(merge -> !involves(merge, special)).toList());
        }
      }
      case List<?> pieces -> {
        if (pieces.stream().anyMatch(piece -> isSpecial(piece, special))) {
          // Ids are positions here, so a piece cannot be taken out; give it a text nobody writes.
          copy.put("vocab", new Unreachable().replaceIn(pieces, special));
        }
      }
      case null, default -> throw new TokenizerException("the tokenizer has no vocabulary");
    }
    return copy;
  }

  private static boolean involves(Object merge, Map<String, Integer> special) {
    String left;
    String right;
    if (merge instanceof List<?> pair && pair.size() == 2) {
      left = String.valueOf(pair.get(0));
      right = String.valueOf(pair.get(1));
    } else {
      String text = String.valueOf(merge);
      int space = Math.max(0, text.indexOf(' ', 1));
      left = text.substring(0, space);
      right = text.substring(Math.min(text.length(), space + 1));
    }
    return special.containsKey(left)
        || special.containsKey(right)
        || special.containsKey(left + right);
  }

  private static boolean isSpecial(@Nullable Object piece, Map<String, Integer> special) {
    return piece instanceof List<?> pair && !pair.isEmpty() && special.containsKey(pair.get(0));
  }

  /** Texts of random letters that stand in for special pieces. */
  private static final class Unreachable {
    private final SecureRandom random = new SecureRandom();

    List<Object> replaceIn(List<?> pieces, Map<String, Integer> special) {
      List<Object> replaced = new ArrayList<>(pieces.size());
      for (Object piece : pieces) {
        replaced.add(
            isSpecial(piece, special)
                ? List.of(new BigInteger(160, random).toString(36), -1e9)
                : piece);
      }
      return replaced;
    }
  }

  private static boolean startsWith(@Nullable Object processor, String token) {
    if (token.isEmpty() || !(processor instanceof Map<?, ?> map)) {
      return false;
    }
    for (Object step : list(map.get("processors"))) {
      if (startsWith(step, token)) {
        return true;
      }
    }
    List<?> single = list(map.get("single"));
    return !single.isEmpty()
        && single.getFirst() instanceof Map<?, ?> first
        && first.get("SpecialToken") instanceof Map<?, ?> special
        && token.equals(special.get("id"));
  }

  private static Map<String, Object> model(Map<String, Object> json) {
    if (!(json.get("model") instanceof Map<?, ?> model)) {
      throw new TokenizerException("the tokenizer has no model; fetch its tokenizer.json again");
    }
    Map<String, Object> copy = new LinkedHashMap<>();
    model.forEach((key, value) -> copy.put((String) key, value));
    return copy;
  }

  private static List<AddedToken> readAdded(@Nullable Object value) {
    List<AddedToken> tokens = new ArrayList<>();
    for (Object entry : list(value)) {
      if (entry instanceof Map<?, ?> map
          && map.get("content") instanceof String text
          && !text.isEmpty()) {
        tokens.add(
            new AddedToken(
                id(map.get("id")),
                text,
                Boolean.TRUE.equals(map.get("special")),
                Boolean.TRUE.equals(map.get("lstrip")),
                Boolean.TRUE.equals(map.get("rstrip"))));
      }
    }
    return List.copyOf(tokens);
  }

  private static Map<String, Integer> readVocabulary(@Nullable Object vocab) {
    Map<String, Integer> ids = new LinkedHashMap<>();
    switch (vocab) {
      case Map<?, ?> map -> map.forEach((text, id) -> ids.put((String) text, id(id)));
      case List<?> pieces -> {
        for (int id = 0; id < pieces.size(); id++) {
          if (pieces.get(id) instanceof List<?> pair && pair.getFirst() instanceof String text) {
            ids.put(text, id);
          }
        }
      }
      case null, default -> throw new TokenizerException("the tokenizer has no vocabulary");
    }
    return ids;
  }

  private static int id(@Nullable Object value) {
    if (value instanceof Long id && id >= 0 && id < LARGEST_ID) {
      return id.intValue();
    }
    throw new TokenizerException("the tokenizer has a token whose id is not a small number");
  }

  private static List<?> list(@Nullable Object value) {
    return value instanceof List<?> list ? list : List.of();
  }
}
