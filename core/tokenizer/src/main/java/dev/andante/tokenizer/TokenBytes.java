package dev.andante.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What each token adds to the text. Two families of vocabularies are known: byte-level ones, whose
 * tokens spell bytes in GPT-2's alphabet, and SentencePiece ones, whose tokens are text with ▁ for
 * the space and {@code <0x0A>} for bytes. Immutable.
 */
final class TokenBytes {
  private static final Pattern BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");
  private static final byte[] NOTHING = new byte[0];

  private final byte[][] bytes;
  private final boolean stripsFirstSpace;

  private TokenBytes(byte[][] bytes, boolean stripsFirstSpace) {
    this.bytes = bytes;
    this.stripsFirstSpace = stripsFirstSpace;
  }

  /**
   * @throws TokenizerException if the tokenizer's decoder is of another family
   */
  static TokenBytes of(TokenizerJson tokenizer) {
    Object decoder = tokenizer.decoder();
    boolean byteLevel = find(decoder, "ByteLevel") != null;
    boolean metaspace = find(decoder, "Metaspace") != null;
    boolean sentencePiece = metaspace || find(decoder, "ByteFallback") != null;
    if (!byteLevel && !sentencePiece) {
      throw new TokenizerException(
          "the tokenizer's decoder is neither byte-level nor SentencePiece's; it is not supported");
    }
    byte[][] bytes = new byte[tokenizer.size()][];
    tokenizer
        .ids()
        .forEach((text, id) -> bytes[id] = byteLevel ? ByteAlphabet.bytes(text) : pieceBytes(text));
    return new TokenBytes(bytes, !byteLevel && stripsFirstSpace(decoder, metaspace));
  }

  /** Shared array: do not write to it. */
  byte[] of(int id) {
    byte[] found = id >= 0 && id < bytes.length ? bytes[id] : null;
    return found == null ? NOTHING : found;
  }

  /** Whether a space at the very start of a text is an artefact and left out. */
  boolean stripsFirstSpace() {
    return stripsFirstSpace;
  }

  private static byte[] pieceBytes(String text) {
    Matcher matcher = BYTE.matcher(text);
    if (matcher.matches()) {
      return new byte[] {(byte) Integer.parseInt(matcher.group(1), 16)};
    }
    return text.replace('▁', ' ').getBytes(StandardCharsets.UTF_8);
  }

  private static boolean stripsFirstSpace(@Nullable Object decoder, boolean metaspace) {
    Map<?, ?> settings = find(decoder, metaspace ? "Metaspace" : "Strip");
    if (settings == null) {
      return false;
    }
    return metaspace
        ? !"never".equals(settings.get("prepend_scheme"))
            && !Boolean.FALSE.equals(settings.get("add_prefix_space"))
        : settings.get("start") instanceof Long start && start > 0;
  }

  private static @Nullable Map<?, ?> find(@Nullable Object decoder, String type) {
    if (!(decoder instanceof Map<?, ?> map)) {
      return null;
    }
    if (type.equals(map.get("type"))) {
      return map;
    }
    if (map.get("decoders") instanceof List<?> steps) {
      for (Object step : steps) {
        Map<?, ?> found = find(step, type);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }
}
