package dev.andante.tokenizer;

import java.util.function.IntPredicate;

/**
 * Turns the ids of one growing sequence into text, piece by piece. A piece never ends inside a
 * character, and all pieces together are what {@link Tokenizer#decode} makes of the same ids. The
 * work for a token depends on its own length only. For one thread.
 */
public final class IncrementalDetokenizer {
  private final TokenBytes texts;
  private final IntPredicate left;
  private final Utf8Stream characters = new Utf8Stream();
  private boolean atStart = true;

  /**
   * @param left ids to leave out
   */
  IncrementalDetokenizer(TokenBytes texts, IntPredicate left) {
    this.texts = texts;
    this.left = left;
  }

  /** The text that this token completes, possibly "". */
  public String add(int id) {
    byte[] bytes = texts.of(id);
    if (bytes.length == 0 || left.test(id)) {
      return "";
    }
    StringBuilder text = new StringBuilder(bytes.length + 1);
    for (int i = atStart && texts.stripsFirstSpace() && bytes[0] == ' ' ? 1 : 0;
        i < bytes.length;
        i++) {
      characters.add(bytes[i], text);
    }
    atStart = false;
    return text.toString();
  }

  /** Ends the sequence: bytes that never became a character turn into U+FFFD. */
  public String flush() {
    StringBuilder text = new StringBuilder(1);
    characters.end(text);
    atStart = true;
    return text.toString();
  }
}
