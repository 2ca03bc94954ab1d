package dev.andante.engine.kvcache;

import java.util.ArrayList;
import java.util.List;

/** The names of a sequence's full blocks, made when first asked for: tokens are only added. */
final class SequenceKeys {

  private final List<BlockKey> keys = new ArrayList<>();

  /**
   * @param tokens of the sequence, enough for block {@code index}
   */
  BlockKey get(int index, int[] tokens, int blockSize, BlockHasher hasher) {
    while (keys.size() <= index) {
      int block = keys.size();
      BlockKey parent = block == 0 ? hasher.root() : keys.get(block - 1);
      keys.add(hasher.next(parent, tokens, block * blockSize));
    }
    return keys.get(index);
  }
}
