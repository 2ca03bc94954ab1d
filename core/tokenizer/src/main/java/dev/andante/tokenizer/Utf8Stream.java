package dev.andante.tokenizer;

/**
 * UTF-8 decoded byte by byte, as the WHATWG Encoding standard describes its decoder: each maximal
 * part of a broken character becomes one U+FFFD. The JDK's decoder differs in that (it takes an
 * encoded surrogate for one error, the reference for three).
 */
final class Utf8Stream {
  private static final char REPLACEMENT = '\uFFFD';

  private int codePoint;
  private int missing;
  private int lowest = 0x80;
  private int highest = 0xBF;

  void add(byte signed, StringBuilder out) {
    int b = signed & 0xFF;
    if (missing > 0) {
      if (b >= lowest && b <= highest) {
        lowest = 0x80;
        highest = 0xBF;
        codePoint = (codePoint << 6) | (b & 0x3F);
        if (--missing == 0) {
          out.appendCodePoint(codePoint);
        }
        return;
      }
      out.append(REPLACEMENT);
    }
    start(b, out);
  }

  /** Ends the text; a character that waits for more bytes is given up. */
  void end(StringBuilder out) {
    if (missing > 0) {
      out.append(REPLACEMENT);
    }
    missing = 0;
    lowest = 0x80;
    highest = 0xBF;
  }

  private void start(int b, StringBuilder out) {
    missing = 0;
    lowest = 0x80;
    highest = 0xBF;
    if (b < 0x80) {
      out.append((char) b);
    } else if (b >= 0xC2 && b <= 0xDF) {
      expect(1, b & 0x1F);
    } else if (b >= 0xE0 && b <= 0xEF) {
      lowest = b == 0xE0 ? 0xA0 : 0x80; // nothing overlong
      highest = b == 0xED ? 0x9F : 0xBF; // no surrogates
      expect(2, b & 0x0F);
    } else if (b >= 0xF0 && b <= 0xF4) {
      lowest = b == 0xF0 ? 0x90 : 0x80;
      highest = b == 0xF4 ? 0x8F : 0xBF; // nothing above U+10FFFF
      expect(3, b & 0x07);
    } else {
      out.append(REPLACEMENT);
    }
  }

  private void expect(int bytes, int bits) {
    missing = bytes;
    codePoint = bits;
  }
}
