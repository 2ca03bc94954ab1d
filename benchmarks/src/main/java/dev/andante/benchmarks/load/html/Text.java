package dev.andante.benchmarks.load.html;

/** Text in HTML: names come from servers and command lines. */
final class Text {

  private Text() {}

  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
