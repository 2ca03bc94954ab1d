package dev.andante.compute.host;

import dev.andante.compute.BoundBatch;
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
}
