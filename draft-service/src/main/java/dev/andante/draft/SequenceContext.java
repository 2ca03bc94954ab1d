package dev.andante.draft;

import dev.andante.engine.speculative.PromptLookup;

/** What is known of one sequence, and what was made of it. Used by one thread at a time. */
final class SequenceContext {

  private final PromptLookup lookup;
  private int lookups;
  private int proposed;

  SequenceContext(int maxNgram) {
    lookup = new PromptLookup(maxNgram, PromptLookup.Match.LEFT_MOST);
  }

  void append(int[] tokens) {
    lookup.append(tokens);
  }

  /** Tokens known. */
  int size() {
    return lookup.size();
  }

  /** What may come next; empty if nothing like it came before. */
  int[] propose(int maxTokens) {
    int[] tokens = lookup.propose(maxTokens);
    lookups++;
    proposed += tokens.length;
    return tokens;
  }

  /** Proposals asked for so far. */
  int lookups() {
    return lookups;
  }

  /** Tokens proposed so far. */
  int proposed() {
    return proposed;
  }
}
