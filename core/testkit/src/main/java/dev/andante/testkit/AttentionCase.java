package dev.andante.testkit;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;
import java.util.Random;

/**
 * Sequences with the queries, keys and values of every position, to be fed to a backend in any
 * chunks. Blocks are handed out in a shuffled order.
 */
final class AttentionCase {

  private static final int LAYER = 1;

  private final AttentionParameters parameters;
  private final KvLayout layout;
  private final int[][] blockTables;
  private final float[][] queries;
  private final float[][] keys;
  private final float[][] values;
  private final int blocks;

  AttentionCase(
      Random random, AttentionParameters parameters, int blockSize, DType kvType, int... lengths) {
    this.parameters = parameters;
    this.layout = new KvLayout(2, parameters.kvHeads(), parameters.headDim(), blockSize, kvType);
    this.blockTables = new int[lengths.length][];
    this.queries = new float[lengths.length][];
    this.keys = new float[lengths.length][];
    this.values = new float[lengths.length][];
    int total = 0;
    for (int s = 0; s < lengths.length; s++) {
      queries[s] = TestTensors.gaussian(random, lengths[s] * queryColumns());
      keys[s] = TestTensors.gaussian(random, lengths[s] * kvColumns());
      values[s] = TestTensors.gaussian(random, lengths[s] * kvColumns());
      blockTables[s] = new int[layout.blocksFor(lengths[s])];
      total += blockTables[s].length;
    }
    this.blocks = total + 1;
    int[] shuffled = shuffled(random, blocks);
    int next = 0;
    for (int[] table : blockTables) {
      for (int i = 0; i < table.length; i++) {
        table[i] = shuffled[next++];
      }
    }
  }

  private static int[] shuffled(Random random, int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  KvLayout layout() {
    return layout;
  }

  int queryColumns() {
    return parameters.heads() * parameters.headDim();
  }

  int kvColumns() {
    return parameters.kvHeads() * parameters.headDim();
  }

  KvPool allocate(Backend on) {
    return on.allocateKv(layout, blocks);
  }

  /** {@code to[s] - from[s]} new tokens of each sequence. */
  Batch batch(int[] from, int[] to) {
    int[] rowStart = new int[from.length + 1];
    for (int s = 0; s < from.length; s++) {
      rowStart[s + 1] = rowStart[s] + to[s] - from[s];
    }
    return new Batch(
        new int[rowStart[from.length]], rowStart, from.clone(), blockTables, new int[0]);
  }

  /** Stores the keys and values of the new tokens and attends; {@code [rows, heads * headDim]}. */
  float[] run(Backend on, KvPool pool, int[] from, int[] to) {
    Batch batch = batch(from, to);
    try (BoundBatch bound = on.bind(batch);
        Tensor q = on.allocate(batch.rows(), queryColumns());
        Tensor k = on.allocate(batch.rows(), kvColumns());
        Tensor v = on.allocate(batch.rows(), kvColumns());
        Tensor out = on.allocate(batch.rows(), queryColumns())) {
      on.write(rows(queries, queryColumns(), from, batch), q);
      on.write(rows(keys, kvColumns(), from, batch), k);
      on.write(rows(values, kvColumns(), from, batch), v);
      on.writeKv(k, v, pool, LAYER, bound);
      on.attention(q, pool, LAYER, parameters, bound, out);
      return BackendFixture.download(on, out);
    }
  }

  /** Stores the keys and values of the new tokens, for later ones to attend to. */
  void store(Backend on, KvPool pool, int[] from, int[] to) {
    Batch batch = batch(from, to);
    try (BoundBatch bound = on.bind(batch);
        Tensor k = on.allocate(batch.rows(), kvColumns());
        Tensor v = on.allocate(batch.rows(), kvColumns())) {
      on.write(rows(keys, kvColumns(), from, batch), k);
      on.write(rows(values, kvColumns(), from, batch), v);
      on.writeKv(k, v, pool, LAYER, bound);
    }
  }

  /** All tokens of sequence s in chunks of at most {@code chunk}, alone. */
  float[] runAlone(Backend on, KvPool pool, int s, int chunk) {
    int length = queries[s].length / queryColumns();
    float[] all = new float[queries[s].length];
    for (int at = 0; at < length; at += chunk) {
      int[] from = new int[queries.length];
      int[] to = new int[queries.length];
      from[s] = at;
      to[s] = Math.min(length, at + chunk);
      float[] part = run(on, pool, from, to);
      System.arraycopy(part, 0, all, at * queryColumns(), part.length);
    }
    return all;
  }

  private static float[] rows(float[][] of, int columns, int[] from, Batch batch) {
    float[] all = new float[batch.rows() * columns];
    for (int s = 0; s < of.length; s++) {
      int row = batch.rowStart()[s];
      int n = batch.rowStart()[s + 1] - row;
      System.arraycopy(of[s], from[s] * columns, all, row * columns, n * columns);
    }
    return all;
  }
}
