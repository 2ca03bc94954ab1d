package dev.andante.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.IntPredicate;

/**
 * Turns the ids of one growing sequence into text, piece by piece. A piece never ends inside a
 * character, and all pieces together are what {@link Tokenizer#decode} makes of the same ids. The
 * work for a token depends on its own length only. For one thread.
 */
public final class IncrementalDetokenizer {
  /** A character has at most four bytes, so three may be waiting for the next token. */
  private static final int LONGEST_WAIT = 3;

  private final TokenBytes texts;
  private final IntPredicate left;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer waiting = ByteBuffer.allocate(64).flip();
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
    int from = atStart && texts.stripsFirstSpace() && bytes[0] == ' ' ? 1 : 0;
    atStart = false;
    ByteBuffer input = joined(bytes, from);
    CharBuffer output = CharBuffer.allocate(input.remaining());
    decoder.decode(input, output, false);
    waiting = input;
    return output.flip().toString();
  }

  /** Ends the sequence: bytes that never became a character turn into U+FFFD. */
  public String flush() {
    CharBuffer output = CharBuffer.allocate(LONGEST_WAIT + 1);
    decoder.decode(waiting, output, true);
    decoder.flush(output);
    decoder.reset();
    waiting = ByteBuffer.allocate(64).flip();
    atStart = true;
    return output.flip().toString();
  }

  private ByteBuffer joined(byte[] bytes, int from) {
    int size = waiting.remaining() + bytes.length - from;
    ByteBuffer buffer = waiting.compact();
    if (buffer.capacity() < size) {
      buffer = ByteBuffer.allocate(size).put(buffer.flip());
    }
    return buffer.put(bytes, from, bytes.length - from).flip();
  }
}
