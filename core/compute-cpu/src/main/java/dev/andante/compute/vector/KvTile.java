package dev.andante.compute.vector;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.host.HostKvPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Up to {@link #TOKENS} consecutive tokens of one head as f32, each padded with zeros to whole
 * vectors. Tiles begin at multiples of {@link #TOKENS} whatever the block size, so neither chunking
 * nor block size changes a result.
 *
 * <p>BF16 vectors are kept with even and odd elements apart within each 2L elements where the head
 * allows it; {@link #arrange} brings queries into that order and {@link #restore} outputs back.
 */
final class KvTile {

  static final int TOKENS = 32;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int PAIRS = 2 * Lanes.COUNT;
  private static final int HIGH_HALF = 0xFFFF0000;

  private final KvLayout layout;
  private final int headDim;
  private final int stride;
  private final boolean split;
  private final float[] keys;
  private final float[] values;
  private final int[] raw;

  KvTile(KvLayout layout) {
    this.layout = layout;
    this.headDim = layout.headDim();
    this.stride = Lanes.roundUp(headDim);
    this.split = layout.dtype() == DType.BF16 && headDim % PAIRS == 0;
    this.keys = new float[TOKENS * stride];
    this.values = new float[TOKENS * stride];
    this.raw = new int[split ? TOKENS * headDim / 2 : 0];
  }

  boolean fits(KvLayout other) {
    return layout.equals(other);
  }

  /** Elements from one token to the next: the head padded to whole vectors. */
  int stride() {
    return stride;
  }

  float[] keys() {
    return keys;
  }

  float[] values() {
    return values;
  }

  /** Loads positions {@code [from, from + tokens)} of a sequence; from is where a tile begins. */
  void load(HostKvPool pool, int layer, int head, int[] blocks, int from, int tokens) {
    int done = 0;
    while (done < tokens) {
      int position = from + done;
      int inBlock = position % layout.blockSize();
      int run = Math.min(tokens - done, layout.blockSize() - inBlock);
      int block = blocks[position / layout.blockSize()];
      loadRun(pool, pool.offset(layer, block, HostKvPool.KEYS, head, inBlock), run, keys, done);
      loadRun(pool, pool.offset(layer, block, HostKvPool.VALUES, head, inBlock), run, values, done);
      done += run;
    }
  }

  private void loadRun(HostKvPool pool, long offset, int tokens, float[] target, int token) {
    int at = token * stride;
    if (split) {
      int pairs = tokens * headDim / 2;
      MemorySegment.copy(pool.memory(), INT, offset, raw, 0, pairs);
      widen(raw, pairs, target, at);
      return;
    }
    long tokenBytes = (long) headDim * layout.dtype().blockBytes();
    for (int t = 0; t < tokens; t++) {
      pool.load(offset + t * tokenBytes, target, at + t * stride);
    }
  }

  private static void widen(int[] pairs, int n, float[] target, int at) {
    int to = at;
    for (int i = 0; i < n; i += Lanes.COUNT) {
      IntVector v = IntVector.fromArray(Lanes.INTS, pairs, i);
      v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(target, to);
      v.and(HIGH_HALF).reinterpretAsFloats().intoArray(target, to + Lanes.COUNT);
      to += PAIRS;
    }
  }

  /** Copies a query {@code x[from … from + headDim)} in the order of the keys, zero-padded. */
  void arrange(float[] x, int from, float[] target, int at) {
    if (!split) {
      System.arraycopy(x, from, target, at, headDim);
      Arrays.fill(target, at + headDim, at + stride, 0);
      return;
    }
    for (int i = 0; i < headDim; i++) {
      target[at + place(i)] = x[from + i];
    }
  }

  /** Copies an output in the order of the values back to {@code target[at … at + headDim)}. */
  void restore(float[] x, int from, float[] target, int at) {
    for (int i = 0; i < headDim; i++) {
      target[at + i] = x[from + (split ? place(i) : i)];
    }
  }

  private static int place(int element) {
    int inPairs = element % PAIRS;
    return element - inPairs + inPairs / 2 + inPairs % 2 * Lanes.COUNT;
  }
}
