package dev.andante.compute.vector;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.util.Arrays;

/**
 * Products of activations and packed weights. One row streams the packed codes; more rows share
 * weights that are unpacked tile by tile into the cache.
 */
final class Matmul {

  /** Unpacked weights of one task: half of a usual second-level cache. */
  private static final int TILE_FLOATS = 32 * 1024;

  /** Outputs of a task are a multiple of what the kernels take at once. */
  private static final int OUTPUTS = 2;

  private static final int ROWS = 4;

  private final ComputePool pool;
  private final ThreadLocal<Scratch> scratch;

  Matmul(ComputePool pool, ThreadLocal<Scratch> scratch) {
    this.pool = pool;
    this.scratch = scratch;
  }

  void multiply(HostMatrix x, VectorWeight weight, HostMatrix out, boolean add) {
    if (x.rows() == 0) {
      return;
    }
    Rows rows = padded(x);
    int first = 0;
    for (PackedMatrix part : weight.parts()) {
      multiplyPart(rows, part, new Sums(out, first, weight.bias(), add));
      first += part.outputs();
    }
  }

  /** Rows in an array, zero-padded to whole vectors. */
  private record Rows(float[] data, int start, int stride, int count, int padded) {
    int at(int row) {
      return start + Math.min(row, count - 1) * stride;
    }
  }

  private Rows padded(HostMatrix x) {
    int columns = x.columns();
    int padded = Lanes.roundUp(columns);
    if (padded == columns) {
      return new Rows(x.data(), x.offset(0), x.stride(), x.rows(), columns);
    }
    float[] copy = scratch.get().rows(Math.multiplyExact(x.rows(), padded));
    for (int r = 0; r < x.rows(); r++) {
      System.arraycopy(x.data(), x.offset(r), copy, r * padded, columns);
      Arrays.fill(copy, r * padded + columns, (r + 1) * padded, 0);
    }
    return new Rows(copy, 0, padded, x.rows(), padded);
  }

  private void multiplyPart(Rows x, PackedMatrix part, Sums sums) {
    int tile = tileOutputs(x, part);
    int tiles = (part.outputs() + tile - 1) / tile;
    pool.run(
        tiles,
        t -> {
          int from = t * tile;
          int to = Math.min(part.outputs(), from + tile);
          if (x.count() == 1) {
            oneRow(x, part, from, to, sums);
          } else {
            manyRows(x, part, from, to, sums);
          }
        });
  }

  private int tileOutputs(Rows x, PackedMatrix part) {
    int share = part.outputs() / (4 * pool.threads()) + 1;
    int fits = Math.max(1, TILE_FLOATS / x.padded());
    int tile = x.count() == 1 ? Math.max(share, fits) : Math.min(share, fits);
    return (tile + OUTPUTS - 1) / OUTPUTS * OUTPUTS;
  }

  private void oneRow(Rows x, PackedMatrix part, int from, int to, Sums sums) {
    float[] dots = scratch.get().dots(to - from);
    part.dot(x.data(), x.at(0), from, to, dots, 0);
    sums.store(0, from, to, dots, 0);
  }

  private void manyRows(Rows x, PackedMatrix part, int from, int to, Sums sums) {
    int n = x.padded();
    int outputs = to - from;
    int width = (outputs + OUTPUTS - 1) / OUTPUTS * OUTPUTS;
    Scratch mine = scratch.get();
    float[] w = mine.tile(outputs * n);
    for (int o = 0; o < outputs; o++) {
      part.unpack(from + o, w, o * n);
    }
    float[] dots = mine.dots(ROWS * width);
    for (int r = 0; r < x.count(); r += ROWS) {
      int rows = Math.min(ROWS, x.count() - r);
      if (rows == 1) {
        FloatProducts.oneRow(x.data(), x.at(r), w, n, outputs, dots);
      } else {
        fourRows(x, r, w, outputs, dots, width);
      }
      for (int i = 0; i < rows; i++) {
        sums.store(r + i, from, to, dots, i * width);
      }
    }
  }

  /** Rows r … r + 3, the last one repeated where there are fewer. */
  private static void fourRows(Rows x, int r, float[] w, int outputs, float[] dots, int width) {
    int n = x.padded();
    for (int o = 0; o < outputs; o += OUTPUTS) {
      FloatProducts.fourByTwo(
          x.data(),
          x.at(r),
          x.at(r + 1),
          x.at(r + 2),
          x.at(r + 3),
          w,
          o * n,
          Math.min(o + 1, outputs - 1) * n,
          n,
          dots,
          o,
          width);
    }
  }
}
