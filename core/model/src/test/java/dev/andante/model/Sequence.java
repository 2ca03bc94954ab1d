package dev.andante.model;

import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/** One sequence on a cache of its own; the blocks are in descending order, so tables matter. */
public final class Sequence implements AutoCloseable {

  private static final int BLOCK = 16;

  private final LanguageModel model;
  private final Backend backend;
  private final KvPool cache;
  private final Workspace workspace;
  private final int[] blocks;
  private int length;

  public Sequence(LanguageModel model, Backend backend, int maxTokens, int maxRows) {
    this.model = model;
    this.backend = backend;
    KvLayout layout = model.kvLayout(BLOCK, DType.F32);
    int count = layout.blocksFor(maxTokens);
    this.cache = backend.allocateKv(layout, count);
    this.workspace = model.workspace(maxRows, maxRows);
    this.blocks = IntStream.range(0, count).map(i -> count - 1 - i).toArray();
  }

  /** Appends tokens in one pass and returns the logits of each, {@code [n, vocabulary]}. */
  public float[] append(int... tokens) {
    return append(tokens, IntStream.range(0, tokens.length).toArray());
  }

  /** Appends tokens in one pass and returns the logits of the last one. */
  public float[] appendForLast(int... tokens) {
    return append(tokens, new int[] {tokens.length - 1});
  }

  /** Appends tokens in passes of at most {@code chunk} and returns the logits of all. */
  public float[] appendInChunks(int[] tokens, int chunk) {
    int vocabulary = model.config().vocabularySize();
    float[] all = new float[tokens.length * vocabulary];
    for (int from = 0; from < tokens.length; from += chunk) {
      int to = Math.min(tokens.length, from + chunk);
      float[] some = append(Arrays.copyOfRange(tokens, from, to));
      System.arraycopy(some, 0, all, from * vocabulary, some.length);
    }
    return all;
  }

  public static int argmax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  @Override
  public void close() {
    workspace.close();
    cache.close();
  }

  private float[] append(int[] tokens, int[] logitRows) {
    Batch batch =
        new Batch(
            tokens,
            new int[] {0, tokens.length},
            new int[] {length},
            new int[][] {blocks},
            logitRows);
    Tensor logits = model.forward(batch, cache, workspace);
    float[] values = new float[logits.rows() * logits.columns()];
    backend.read(logits, values);
    length += tokens.length;
    return values;
  }
}
