package dev.andante.benchmarks;

import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.model.LanguageModel;
import dev.andante.model.Workspace;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Times forward passes of a model as the peers' benchmark does: a prompt in one go, then tokens one
 * at a time, for one sequence and for several at once. Token ids are fixed, so every run does the
 * same work; logits are computed for the last row of a prompt and for every decode row.
 */
final class ForwardBenchmark implements AutoCloseable {

  private static final int BLOCK_SIZE = 16;

  /** Rows of a prompt in one pass, as the peers'. */
  private static final int CHUNK = 512;

  private static final int MAX_SEQUENCES = 64;

  private final Backend backend;
  private final LanguageModel model;
  private final Workspace workspace;
  private final KvLayout layout;
  private final int vocabulary;
  private @Nullable Sequences kept;

  ForwardBenchmark(Backend backend, LanguageModel model) {
    this.backend = backend;
    this.model = model;
    this.workspace = model.workspace(CHUNK, MAX_SEQUENCES);
    this.layout = model.kvLayout(BLOCK_SIZE, DType.BF16);
    this.vocabulary = model.config().vocabularySize();
  }

  /** Sequences whose first {@code depth} positions are computed; decode writes behind them. */
  private record Sequences(int count, int depth, int steps, KvPool pool, int[][] tables) {
    boolean fits(int wantedCount, int wantedDepth, int wantedSteps) {
      return count == wantedCount && depth == wantedDepth && steps >= wantedSteps;
    }
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
   * Computes the first {@code depth} positions of {@code count} sequences with room for {@code
   * steps} more, unless the last call did.
   */
  void prepare(int count, int depth, int steps) {
    sequences(count, depth, steps);
  }

  /** Frees the sequences of the last {@link #prepare}. */
  void drop() {
    if (kept != null) {
      kept.pool().close();
      kept = null;
    }
  }

  /**
   * Generated tokens per second, all sequences together, over {@code steps} steps of {@code count}
   * sequences that start at {@code depth} tokens.
   */
  double decode(int count, int depth, int steps) {
    Sequences sequences = sequences(count, depth, steps);
    int[] tokens = new int[count];
    int[] context = new int[count];
    int[] ids = new int[count];
    int[] rowStart = IntStream.rangeClosed(0, count).toArray();
    int[] logitRows = IntStream.range(0, count).toArray();
    long start = System.nanoTime();
    for (int step = 0; step < steps; step++) {
      for (int s = 0; s < count; s++) {
        tokens[s] = token(depth + step + s);
        context[s] = depth + step;
      }
      Batch batch = new Batch(tokens, rowStart, context, sequences.tables(), logitRows);
      backend.argmax(model.forward(batch, sequences.pool(), workspace), ids);
    }
    return steps * count / seconds(start);
  }

  private Sequences sequences(int count, int depth, int steps) {
    if (kept != null && kept.fits(count, depth, steps)) {
      return kept;
    }
    if (count < 1 || count > MAX_SEQUENCES || depth < 0 || steps < 1) {
      throw new IllegalArgumentException("1 to " + MAX_SEQUENCES + " sequences, steps from 1");
    }
    drop();
    int length = depth + steps;
    KvPool pool = backend.allocateKv(layout, count * layout.blocksFor(length));
    Sequences fresh = new Sequences(count, depth, steps, pool, tables(count, length));
    kept = fresh;
    for (int s = 0; s < count && depth > 0; s++) {
      fill(pool, new int[][] {fresh.tables()[s]}, s, depth);
    }
    return fresh;
  }

  private void fill(KvPool pool, int[][] table, int offset, int tokens) {
    int[] id = new int[1];
    for (int from = 0; from < tokens; from += CHUNK) {
      int start = from;
      int rows = Math.min(CHUNK, tokens - from);
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
    int blocks = layout.blocksFor(tokens);
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
    drop();
    workspace.close();
  }
}
