package dev.andante.format;

/** Names out of files, made fit for a message: short and without control characters. */
final class Names {
  private static final int LONGEST = 120;

  private Names() {}

  static String printable(String name) {
    int end = Math.min(name.length(), LONGEST);
    StringBuilder text = new StringBuilder(end + 1);
    for (int i = 0; i < end; i++) {
      char c = name.charAt(i);
      text.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
    }
    return name.length() > LONGEST ? text.append('…').toString() : text.toString();
  }
}
