package dev.andante.benchmarks;

import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.model.LanguageModel;
import dev.andante.model.Workspace;
import java.util.stream.IntStream;

/**
 * Times forward passes of a model as the peers' benchmark does: a prompt in one go, then tokens one
 * at a time, for one sequence and for several at once. Token ids are fixed, so every run does the
 * same work; logits are computed for the last row of a prompt and for every decode row.
 */
final class ForwardBenchmark implements AutoCloseable {

  private static final int BLOCK_SIZE = 16;
  private static final int MAX_CONTEXT = 1024;

  private final Backend backend;
  private final LanguageModel model;
  private final Workspace workspace;
  private final KvLayout layout;
  private final int vocabulary;

  ForwardBenchmark(Backend backend, LanguageModel model) {
    this.backend = backend;
    this.model = model;
    this.workspace = model.workspace(512, 64);
    this.layout = model.kvLayout(BLOCK_SIZE, DType.BF16);
    this.vocabulary = model.config().vocabularySize();
  }

  /** Prompt tokens per second for one prompt of {@code tokens} tokens, in chunks of up to 512. */
  double prefill(int tokens) {
    try (KvPool pool = backend.allocateKv(layout, layout.blocksFor(tokens))) {
      int[][] tables = tables(1, tokens);
      long start = System.nanoTime();
      fill(pool, tables, 0, tokens);
      return tokens / seconds(start);
    }
  }

  /**
   * Generated tokens per second over {@code steps} steps of {@code sequences} sequences that start
   * at {@code depth} tokens.
   */
  double decode(int sequences, int depth, int steps) {
    int length = Math.min(MAX_CONTEXT, depth + steps);
    try (KvPool pool =
        backend.allocateKv(layout, sequences * layout.blocksFor(Math.max(1, length)))) {
      int[][] tables = tables(sequences, length);
      for (int s = 0; s < sequences && depth > 0; s++) {
        fill(pool, new int[][] {tables[s]}, s, depth);
      }
      int[] rowStart = IntStream.rangeClosed(0, sequences).toArray();
      int[] logitRows = IntStream.range(0, sequences).toArray();
      int[] ids = new int[sequences];
      long start = System.nanoTime();
      for (int step = 0; step < steps; step++) {
        int position = depth + step;
        int[] tokens = IntStream.range(0, sequences).map(s -> token(position + s)).toArray();
        int[] context = IntStream.range(0, sequences).map(s -> position).toArray();
        Batch batch = new Batch(tokens, rowStart, context, tables, logitRows);
        backend.argmax(model.forward(batch, pool, workspace), ids);
      }
      return steps * sequences / seconds(start);
    }
  }

  private void fill(KvPool pool, int[][] table, int offset, int tokens) {
    int[] id = new int[1];
    for (int from = 0; from < tokens; from += 512) {
      int start = from;
      int rows = Math.min(512, tokens - from);
      boolean last = from + rows == tokens;
      Batch batch =
          new Batch(
              IntStream.range(0, rows).map(r -> token(start + r + offset)).toArray(),
              new int[] {0, rows},
              new int[] {from},
              table,
              last ? new int[] {rows - 1} : new int[0]);
      var logits = model.forward(batch, pool, workspace);
      if (last) {
        backend.argmax(logits, id);
      }
    }
  }

  private int[][] tables(int sequences, int tokens) {
    int blocks = layout.blocksFor(Math.max(1, tokens));
    return IntStream.range(0, sequences)
        .mapToObj(s -> IntStream.range(s * blocks, (s + 1) * blocks).toArray())
        .toArray(int[][]::new);
  }

  private int token(int i) {
    return (int) ((i * 7919L + 101) % (vocabulary - 20)) + 17;
  }

  private static double seconds(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e9;
  }

  @Override
  public void close() {
    workspace.close();
  }
}
