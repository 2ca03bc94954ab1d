package dev.andante.qoe;

/** How people take text in, on average (Andes v2, arXiv 2404.16283, section 2). */
public enum ReaderPace {
  READING(4.8),
  LISTENING(3.3);

  private final double tokensPerSecond;

  ReaderPace(double tokensPerSecond) {
    this.tokensPerSecond = tokensPerSecond;
  }

  public double tokensPerSecond() {
    return tokensPerSecond;
  }
}
