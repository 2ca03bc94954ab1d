package dev.andante.compute.vector;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Attention of up to {@code capacity} (row, head) pairs over one tile of keys and values after the
 * other: running maximum m, sum l and output o, rescaled when the maximum grows (Milakov and
 * Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al., FlashAttention, 2022).
 *
 * <p>What one pair goes through depends only on its query and the tiles, in order.
 */
final class OnlineSoftmax {

  private static final int TOKENS = KvTile.TOKENS;

  private final int stride;
  private final float[] queries;
  private final float[] outputs;
  private final float[] maximums;
  private final float[] sums;
  private final float[] scores = new float[TOKENS];
  private final float[] correction = new float[Lanes.COUNT];

  OnlineSoftmax(int capacity, int stride) {
    this.stride = stride;
    this.queries = new float[capacity * stride];
    this.outputs = new float[capacity * stride];
    this.maximums = new float[capacity];
    this.sums = new float[capacity];
  }

  boolean fits(int capacity, int tileStride) {
    return maximums.length >= capacity && stride == tileStride;
  }

  /** Where the query of a pair goes, {@code queryAt(pair) … + stride}. */
  float[] queries() {
    return queries;
  }

  /** Unnormalised until {@link #finish}. */
  float[] outputs() {
    return outputs;
  }

  int at(int pair) {
    return pair * stride;
  }

  void start(int pair) {
    maximums[pair] = Float.NEGATIVE_INFINITY;
    sums[pair] = 0;
    Arrays.fill(outputs, at(pair), at(pair) + stride, 0);
  }

  /** Takes in the first {@code tokens} tokens of a tile. */
  void update(int pair, KvTile tile, int tokens, float scale) {
    score(queries, at(pair), tile.keys(), stride, tokens, scores);
    float before = maximums[pair];
    float max = before;
    for (int t = 0; t < tokens; t++) {
      scores[t] *= scale;
      max = Math.max(max, scores[t]);
    }
    for (int t = 0; t < tokens; t++) {
      scores[t] -= max;
    }
    Arrays.fill(scores, tokens, TOKENS, Float.NEGATIVE_INFINITY); // weight 0
    Exponential.apply(scores, 0, TOKENS);
    correction[0] = before - max;
    Exponential.apply(correction, 0, Lanes.COUNT);
    float factor = correction[0];
    maximums[pair] = max;
    sums[pair] = Math.fma(sums[pair], factor, sum(scores));
    accumulate(tile.values(), stride, tokens, scores, factor, outputs, at(pair));
  }

  /** Divides the output by the sum of weights. */
  void finish(int pair) {
    float sum = sums[pair];
    for (int i = at(pair); i < at(pair) + stride; i++) {
      outputs[i] /= sum;
    }
  }

  private static float sum(float[] scores) {
    FloatVector sum = FloatVector.fromArray(Lanes.FLOATS, scores, 0);
    for (int i = Lanes.COUNT; i < TOKENS; i += Lanes.COUNT) {
      sum = sum.add(FloatVector.fromArray(Lanes.FLOATS, scores, i));
    }
    return Lanes.sum(sum);
  }

  /** Dot products of one query with each key, four at a time; the last may be computed twice. */
  private static void score(
      float[] queries, int at, float[] keys, int stride, int tokens, float[] scores) {
    int last = (tokens - 1) * stride;
    for (int t = 0; t < tokens; t += 4) {
      int k0 = t * stride;
      int k1 = Math.min(k0 + stride, last);
      int k2 = Math.min(k0 + 2 * stride, last);
      int k3 = Math.min(k0 + 3 * stride, last);
      FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
      FloatVector s1 = s0;
      FloatVector s2 = s0;
      FloatVector s3 = s0;
      for (int i = 0; i < stride; i += Lanes.COUNT) {
        FloatVector q = FloatVector.fromArray(Lanes.FLOATS, queries, at + i);
        s0 = q.fma(FloatVector.fromArray(Lanes.FLOATS, keys, k0 + i), s0);
        s1 = q.fma(FloatVector.fromArray(Lanes.FLOATS, keys, k1 + i), s1);
        s2 = q.fma(FloatVector.fromArray(Lanes.FLOATS, keys, k2 + i), s2);
        s3 = q.fma(FloatVector.fromArray(Lanes.FLOATS, keys, k3 + i), s3);
      }
      scores[t] = Lanes.sum(s0);
      scores[t + 1] = Lanes.sum(s1);
      scores[t + 2] = Lanes.sum(s2);
      scores[t + 3] = Lanes.sum(s3);
    }
  }

  /** {@code out = out * factor + sum over t of weights[t] * values[t]}, t ascending. */
  private static void accumulate(
      float[] values, int stride, int tokens, float[] weights, float factor, float[] out, int at) {
    int step = Lanes.COUNT;
    int i = 0;
    for (; i + 4 * step <= stride; i += 4 * step) {
      FloatVector o0 = FloatVector.fromArray(Lanes.FLOATS, out, at + i).mul(factor);
      FloatVector o1 = FloatVector.fromArray(Lanes.FLOATS, out, at + i + step).mul(factor);
      FloatVector o2 = FloatVector.fromArray(Lanes.FLOATS, out, at + i + 2 * step).mul(factor);
      FloatVector o3 = FloatVector.fromArray(Lanes.FLOATS, out, at + i + 3 * step).mul(factor);
      for (int t = 0; t < tokens; t++) {
        FloatVector w = FloatVector.broadcast(Lanes.FLOATS, weights[t]);
        int v = t * stride + i;
        o0 = w.fma(FloatVector.fromArray(Lanes.FLOATS, values, v), o0);
        o1 = w.fma(FloatVector.fromArray(Lanes.FLOATS, values, v + step), o1);
        o2 = w.fma(FloatVector.fromArray(Lanes.FLOATS, values, v + 2 * step), o2);
        o3 = w.fma(FloatVector.fromArray(Lanes.FLOATS, values, v + 3 * step), o3);
      }
      o0.intoArray(out, at + i);
      o1.intoArray(out, at + i + step);
      o2.intoArray(out, at + i + 2 * step);
      o3.intoArray(out, at + i + 3 * step);
    }
    for (; i < stride; i += step) {
      FloatVector o = FloatVector.fromArray(Lanes.FLOATS, out, at + i).mul(factor);
      for (int t = 0; t < tokens; t++) {
        FloatVector w = FloatVector.broadcast(Lanes.FLOATS, weights[t]);
        o = w.fma(FloatVector.fromArray(Lanes.FLOATS, values, t * stride + i), o);
      }
      o.intoArray(out, at + i);
    }
  }
}
