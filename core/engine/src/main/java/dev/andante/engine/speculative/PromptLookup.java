package dev.andante.engine.speculative;

import java.util.Arrays;

/**
 * Prompt lookup: what followed an earlier occurrence of the last few tokens is the guess for what
 * follows now (Saxena 2023; transformers' prompt lookup decoding). The longest n-gram that occurs
 * decides. An index of the n-grams grows with the sequence, amortised O(1) per token. Not
 * thread-safe.
 */
public final class PromptLookup {

  /** Longest n-gram that is looked up unless told otherwise. */
  public static final int DEFAULT_MAX_NGRAM = 3;

  /** Which of several occurrences is taken. */
  public enum Match {
    /** The first, as transformers does. */
    LEFT_MOST,
    /** The latest. */
    MOST_RECENT
  }

  private static final int[] NOTHING = {};

  private final NgramIndex[] indexes;
  private int[] tokens = new int[256];
  private int size;

  public PromptLookup() {
    this(DEFAULT_MAX_NGRAM, Match.LEFT_MOST);
  }

  /**
   * @param maxNgram length of the longest n-gram, at least 1
   */
  public PromptLookup(int maxNgram, Match match) {
    if (maxNgram < 1) {
      throw new IllegalArgumentException("max n-gram must be at least 1, not " + maxNgram);
    }
    indexes = new NgramIndex[maxNgram];
    for (int i = 0; i < maxNgram; i++) {
      indexes[i] = new NgramIndex(i + 1, match == Match.LEFT_MOST);
    }
  }

  /** Tokens known so far. */
  public int size() {
    return size;
  }

  public void append(int... more) {
    if (size + more.length > tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(size + more.length, tokens.length * 2));
    }
    for (int token : more) {
      tokens[size] = token;
      // The n-gram that ends just before this token has a continuation only now.
      for (NgramIndex index : indexes) {
        index.add(tokens, size);
      }
      size++;
    }
  }

  /** Up to {@code maxTokens} tokens that may follow; empty without a match. */
  public int[] propose(int maxTokens) {
    if (maxTokens > 0) {
      for (int i = indexes.length - 1; i >= 0; i--) {
        int from = indexes[i].lookup(tokens, size);
        if (from >= 0) {
          return Arrays.copyOfRange(tokens, from, Math.min(size, from + maxTokens));
        }
      }
    }
    return NOTHING;
  }
}
