package dev.andante.benchmarks.engine;

/**
 * How one request went. Times in nanoseconds after the start.
 *
 * @param due when it was to arrive, which is what it is measured from
 * @param tokens when each of its tokens came, in order
 * @param cachedTokens of its prompt, whose KV was there already
 */
record Course(long due, long[] tokens, int cachedTokens) {

  long toFirst() {
    return tokens[0] - due;
  }

  long toLast() {
    return tokens[tokens.length - 1] - due;
  }

  /** Between one token and the next, from token {@code from} on. */
  long[] gaps(int from) {
    long[] gaps = new long[Math.max(0, tokens.length - 1 - from)];
    for (int i = 0; i < gaps.length; i++) {
      gaps[i] = tokens[from + i + 1] - tokens[from + i];
    }
    return gaps;
  }
}
