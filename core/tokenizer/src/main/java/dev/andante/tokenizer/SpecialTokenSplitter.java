package dev.andante.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Cuts text at its special tokens, leftmost first and of several the longest, as Hugging Face's
 * library does; but finds them in trusted segments only, each wholly inside one segment. Immutable.
 */
final class SpecialTokenSplitter {

  /** A special token, or text between two of them. */
  sealed interface Piece {
    record Special(int id) implements Piece {}

    record Text(String text) implements Piece {}
  }

  private final Map<Character, List<AddedToken>> byFirst = new HashMap<>();

  SpecialTokenSplitter(List<AddedToken> added) {
    for (AddedToken token : added) {
      if (token.special()) {
        byFirst.computeIfAbsent(token.text().charAt(0), c -> new ArrayList<>()).add(token);
      }
    }
    Comparator<AddedToken> longestFirst = Comparator.comparingInt(token -> -token.text().length());
    byFirst.values().forEach(tokens -> tokens.sort(longestFirst));
  }

  List<Piece> split(List<TextSegment> segments) {
    List<Piece> pieces = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    boolean strip = false;
    for (TextSegment segment : segments) {
      int at = 0;
      while (at < segment.text().length()) {
        char c = segment.text().charAt(at);
        AddedToken token = segment.trusted() ? match(segment.text(), at) : null;
        if (token != null) {
          strip = token.rstrip();
          close(text, token.lstrip(), pieces);
          pieces.add(new Piece.Special(token.id()));
          at += token.text().length();
        } else {
          if (!strip || !Character.isWhitespace(c)) {
            strip = false;
            text.append(c);
          }
          at++;
        }
      }
    }
    close(text, false, pieces);
    return pieces;
  }

  private @Nullable AddedToken match(String text, int at) {
    for (AddedToken token : byFirst.getOrDefault(text.charAt(at), List.of())) {
      if (text.startsWith(token.text(), at)) {
        return token;
      }
    }
    return null;
  }

  private static void close(StringBuilder text, boolean lstrip, List<Piece> pieces) {
    int end = text.length();
    while (lstrip && end > 0 && Character.isWhitespace(text.charAt(end - 1))) {
      end--;
    }
    if (end > 0) {
      pieces.add(new Piece.Text(text.substring(0, end)));
    }
    text.setLength(0);
  }
}
