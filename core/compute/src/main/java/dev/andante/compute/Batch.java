package dev.andante.compute;

/**
 * The rows of one forward pass: for each sequence a run of new tokens that follow {@code context}
 * tokens already in the cache. Prefill chunks, decode rows and rows that verify drafts are the same
 * thing with different counts.
 *
 * <p>The arrays are not copied; the caller leaves them alone until the pass ends.
 *
 * @param tokens token id of each row, sequences one after the other
 * @param rowStart {@code [sequences + 1]}: sequence s owns rows {@code [rowStart[s], rowStart[s +
 *     1])}
 * @param context {@code [sequences]}: tokens of s in the cache before this pass, so row r of s has
 *     position {@code context[s] + r - rowStart[s]}
 * @param blockTables {@code [sequences][…]}: blocks of s in order, enough for context and new
 *     tokens
 * @param logitRows rows whose logits are wanted, ascending
 */
public record Batch(
    int[] tokens, int[] rowStart, int[] context, int[][] blockTables, int[] logitRows) {

  public Batch {
    if (rowStart.length != context.length + 1
        || blockTables.length != context.length
        || rowStart[0] != 0
        || rowStart[context.length] != tokens.length) {
      throw new IllegalArgumentException(
          "inconsistent batch: " + tokens.length + " rows, " + context.length + " sequences");
    }
  }

  public int rows() {
    return tokens.length;
  }

  public int sequences() {
    return context.length;
  }

  /**
   * Checks that each sequence's blocks exist and hold its context and new tokens.
   *
   * @throws IllegalArgumentException naming the sequence and what is wrong
   */
  public void requireBlocks(KvLayout layout, int poolBlocks) {
    for (int s = 0; s < sequences(); s++) {
      int tokens = context[s] + rowStart[s + 1] - rowStart[s];
      int needed = layout.blocksFor(tokens);
      int[] table = blockTables[s];
      if (table.length < needed) {
        throw new IllegalArgumentException(
            "sequence "
                + s
                + ": "
                + table.length
                + " blocks, "
                + tokens
                + " tokens need "
                + needed);
      }
      for (int i = 0; i < needed; i++) {
        if (table[i] < 0 || table[i] >= poolBlocks) {
          throw new IllegalArgumentException(
              "sequence " + s + ": block " + table[i] + " of " + poolBlocks);
        }
      }
    }
  }
}
