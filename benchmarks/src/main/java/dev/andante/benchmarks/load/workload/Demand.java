package dev.andante.benchmarks.load.workload;

import java.util.List;

/**
 * What one request asks for.
 *
 * @param promptTokens at least 1
 * @param outputTokens at least 1
 * @param blocks of the prompt, in order: equal numbers stand for equal text; empty = the prompt has
 *     nothing in common with others
 * @param blockTokens length of each block
 */
public record Demand(int promptTokens, int outputTokens, List<Long> blocks, int blockTokens) {

  public Demand {
    if (promptTokens < 1 || outputTokens < 1 || blockTokens < 1) {
      throw new IllegalArgumentException("lengths must be at least 1");
    }
    blocks = List.copyOf(blocks);
  }

  /** With a prompt of its own. */
  public Demand(int promptTokens, int outputTokens) {
    this(promptTokens, outputTokens, List.of(), 1);
  }
}
