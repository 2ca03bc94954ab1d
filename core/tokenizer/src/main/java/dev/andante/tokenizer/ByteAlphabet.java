package dev.andante.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * GPT-2's way to write bytes as printable characters: the printable ones of Latin-1 stand for
 * themselves, the others take U+0100 and up in order.
 */
final class ByteAlphabet {
  private static final int LAST = 0x143;
  private static final short[] BYTE_OF = table();

  private ByteAlphabet() {}

  /** The bytes that a token spells; a token outside the alphabet is its own UTF-8. */
  static byte[] bytes(String token) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = token.charAt(i);
      if (c > LAST || BYTE_OF[c] < 0) {
        return token.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) BYTE_OF[c];
    }
    return bytes;
  }

  private static short[] table() {
    short[] table = new short[LAST + 1];
    Arrays.fill(table, (short) -1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 255 && b != 173);
      table[printable ? b : next++] = (short) b;
    }
    return table;
  }
}
