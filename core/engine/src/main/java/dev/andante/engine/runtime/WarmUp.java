package dev.andante.engine.runtime;

import dev.andante.compute.Batch;
import dev.andante.compute.KvPool;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.sampling.Sampler;
import dev.andante.engine.sampling.TokenCounts;
import dev.andante.model.ExpertUnavailableException;
import dev.andante.model.LanguageModel;
import dev.andante.model.Workspace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Computes passes like those of requests before there are any, so that the first ones do not pay
 * for what is made on first use: compiled kernels, buffers, captured graphs. Begins with one row
 * and doubles as far as the time allows, since passes are slowest at first and cannot be cut short;
 * ends when they stop getting faster. Leaves nothing behind. Engine thread, before its loop.
 */
final class WarmUp {

  /** Rounds without progress after which it is enough. */
  private static final int PATIENCE = 8;

  /** A round counts as progress if it took less than this share of the best one. */
  private static final double PROGRESS = 0.95;

  /** A round of twice the rows takes up to this many times as long. */
  private static final double GROWTH = 2.5;

  private static final long RETRY_MILLIS = 20;

  private static final SamplingParams SAMPLED =
      new SamplingParams(0.8f, 40, 0.95f, 0, 0, 0, 1, 1, Map.of(), false, 0);

  private final LanguageModel model;
  private final KvPool memory;
  private final Workspace workspace;
  private final LogitRows logits;
  private final Sampler sampler;
  private final BlockPool blocks;
  private final int maxSequences;
  private final LongSupplier nanoTime;
  private final int vocabulary;
  private final int blockSize;

  /**
   * @param logits reads what the workspace holds
   * @param blocks all free
   */
  WarmUp(
      LanguageModel model,
      KvPool memory,
      Workspace workspace,
      LogitRows logits,
      Sampler sampler,
      BlockPool blocks,
      int maxSequences,
      LongSupplier nanoTime) {
    this.model = model;
    this.memory = memory;
    this.workspace = workspace;
    this.logits = logits;
    this.sampler = sampler;
    this.blocks = blocks;
    this.maxSequences = maxSequences;
    this.nanoTime = nanoTime;
    this.vocabulary = model.config().vocabularySize();
    this.blockSize = memory.layout().blockSize();
  }

  /**
   * Returns how many rounds it took. Exceeds the budget by no more than the round under way.
   *
   * @param stop asked between rounds
   */
  int run(Duration budget, BooleanSupplier stop) {
    long end = nanoTime.getAsLong() + budget.toNanos();
    int most = mostRows();
    int rows = 1;
    int rounds = 0;
    int stale = 0;
    double best = Double.MAX_VALUE;
    while (stale < PATIENCE && !stop.getAsBoolean()) {
      long start = nanoTime.getAsLong();
      if (end - start <= 0) {
        break;
      }
      if (!round(rows)) {
        continue;
      }
      rounds++;
      long now = nanoTime.getAsLong();
      double took = now - start;
      if (rows < most && took * GROWTH < end - now) {
        rows = Math.min(most, rows * 2);
        best = Double.MAX_VALUE;
        stale = 0;
      } else if (took < best * PROGRESS) {
        best = took;
        stale = 0;
      } else {
        stale++;
      }
    }
    return rounds;
  }

  /** Rows of a chunk: twice as many tokens must fit, since it is followed by another. */
  private int mostRows() {
    long tokens = Math.min(model.config().contextLength(), (long) blocks.total() * blockSize);
    return (int) Math.max(1, Math.min(workspace.maxRows(), (tokens - 1) / 2));
  }

  /** False if experts elsewhere cannot be reached yet. */
  private boolean round(int rows) {
    try {
      prompt(rows);
      decodes(Math.min(rows, Math.min(maxSequences, workspace.maxLogitRows())));
      return true;
    } catch (ExpertUnavailableException e) {
      return pause();
    }
  }

  private static boolean pause() {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  /** Two chunks of a prompt and one token of its answer. */
  private void prompt(int rows) {
    BlockTable table = new BlockTable(blocks, blockSize);
    try {
      if (!table.ensure(2 * rows + 1)) {
        return;
      }
      forward(rows, 0, List.of(table));
      forward(rows, rows, List.of(table));
      forward(1, 2 * rows, List.of(table));
      int _ = logits.argmax(0);
      sampler.sample(logits.read(0), SAMPLED, new TokenCounts(), new int[0], 1);
    } finally {
      table.releaseAll();
    }
  }

  /** A token of each of several answers. */
  private void decodes(int sequences) {
    List<BlockTable> tables = new ArrayList<>();
    try {
      for (int i = 0; i < sequences; i++) {
        BlockTable table = new BlockTable(blocks, blockSize);
        if (!table.ensure(1)) {
          break;
        }
        tables.add(table);
      }
      if (!tables.isEmpty()) {
        forward(1, 0, tables);
        int _ = logits.argmax(tables.size() - 1);
      }
    } finally {
      tables.forEach(BlockTable::releaseAll);
    }
  }

  private void forward(int rows, int context, List<BlockTable> tables) {
    int sequences = tables.size();
    int[] tokens = new int[sequences * rows];
    Arrays.setAll(tokens, i -> (i * 31 + context) % vocabulary);
    int[] starts = new int[sequences + 1];
    Arrays.setAll(starts, i -> i * rows);
    int[] contexts = new int[sequences];
    Arrays.fill(contexts, context);
    int[] last = new int[sequences];
    Arrays.setAll(last, i -> (i + 1) * rows - 1);
    int[][] blockTables = tables.stream().map(BlockTable::array).toArray(int[][]::new);
    logits.begin(
        model.forward(new Batch(tokens, starts, contexts, blockTables, last), memory, workspace));
  }
}
