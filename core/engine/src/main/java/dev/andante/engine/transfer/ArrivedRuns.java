package dev.andante.engine.transfer;

import java.util.BitSet;

/**
 * Which (token, layer) pairs of the KV that is to come have arrived, in whatever order and how
 * often.
 */
final class ArrivedRuns {

  private final int tokens;
  private final int layers;
  private final BitSet arrived;

  ArrivedRuns(int tokens, int layers) {
    this.tokens = tokens;
    this.layers = layers;
    arrived = new BitSet(Math.multiplyExact(tokens, layers));
  }

  void add(int firstToken, int count, int firstLayer, int layerCount) {
    for (int layer = firstLayer; layer < firstLayer + layerCount; layer++) {
      int from = layer * tokens + firstToken;
      arrived.set(from, from + count);
    }
  }

  /** Pairs still missing. */
  int missing() {
    return tokens * layers - arrived.cardinality();
  }

  /**
   * The first missing pair in words.
   *
   * @param before tokens of the prompt before the first that is to come
   */
  String firstMissing(int before) {
    int at = arrived.nextClearBit(0);
    return "token " + (before + at % tokens) + " of layer " + at / tokens;
  }
}
