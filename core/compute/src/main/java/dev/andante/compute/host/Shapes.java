package dev.andante.compute.host;

import dev.andante.compute.BoundBatch;
import dev.andante.compute.KvLayout;
import dev.andante.compute.Weight;

/**
 * Checks of operands that backends do on their own; a misfit is {@link IllegalArgumentException}.
 */
public final class Shapes {

  private Shapes() {}

  /** Of {@link dev.andante.compute.Backend#matmul}. */
  public static void requireProduct(HostMatrix x, Weight weight, HostMatrix out) {
    if (x.columns() != weight.inputs()
        || out.columns() != weight.outputs()
        || out.rows() != x.rows()) {
      throw new IllegalArgumentException(
          "matmul (%s [%d, %d]): x is %s and out %s"
              .formatted(weight.name(), weight.outputs(), weight.inputs(), x, out));
    }
  }

  /** Of {@link dev.andante.compute.Backend#embed}. */
  public static void requireEmbedding(Weight table, BoundBatch batch, HostMatrix out) {
    int[] tokens = batch.batch().tokens();
    requireRows("embed out", out, tokens.length);
    requireColumns("embed out", out, table.inputs());
    for (int r = 0; r < tokens.length; r++) {
      if (tokens[r] < 0 || tokens[r] >= table.outputs()) {
        throw new IllegalArgumentException(
            "row " + r + ": token " + tokens[r] + " of " + table.outputs());
      }
    }
  }

  static void requireRows(String what, HostMatrix x, int rows) {
    if (x.rows() != rows) {
      throw new IllegalArgumentException(what + " is " + x + ", not of " + rows + " rows");
    }
  }

  static void requireColumns(String what, HostMatrix x, int columns) {
    if (x.columns() != columns) {
      throw new IllegalArgumentException(what + " is " + x + ", not of " + columns + " columns");
    }
  }

  static void requireFeedForward(
      HostMatrix x, Weight gateUp, Weight down, HostMatrix both, HostMatrix inner, HostMatrix sum) {
    requireProduct(x, gateUp, both);
    requireGated(both, inner);
    requireProduct(inner, down, sum);
  }

  static void requireRotated(HostMatrix x, int headDim, HostBatch bound) {
    requireRows("rope x", x, bound.batch().rows());
    requireHeads("rope x", x, headDim);
  }

  static void requireGated(HostMatrix x, HostMatrix out) {
    requireRows("siluMul out", out, x.rows());
    requireColumns("siluMul x", x, 2 * out.columns());
  }

  static void requireSame(String what, HostMatrix x, HostMatrix like) {
    requireRows(what, x, like.rows());
    requireColumns(what, x, like.columns());
  }

  static void requireHeads(String what, HostMatrix x, int headDim) {
    if (headDim < 1 || x.columns() % headDim != 0) {
      throw new IllegalArgumentException(what + " is " + x + ", not whole heads of " + headDim);
    }
  }

  static void requireVector(String what, Weight weight, int n) {
    if (weight.outputs() != 1 || weight.inputs() != n) {
      throw new IllegalArgumentException(
          what
              + " "
              + weight.name()
              + " is ["
              + weight.outputs()
              + ", "
              + weight.inputs()
              + "], not ["
              + n
              + "]");
    }
  }

  static void requireLayer(KvLayout layout, int layer) {
    if (layer < 0 || layer >= layout.layers()) {
      throw new IllegalArgumentException("layer " + layer + " of " + layout.layers());
    }
  }

  static void requireRow(int row, HostMatrix x) {
    if (row < 0 || row >= x.rows()) {
      throw new IllegalArgumentException("row " + row + " of " + x);
    }
  }

  static void requireLength(String what, int length, HostMatrix x) {
    if (length < x.rows() * x.columns()) {
      throw new IllegalArgumentException(what + ": " + length + " floats for " + x);
    }
  }
}
