package dev.andante.compute.onednn;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Kernels of one number of inputs and of outputs, and of several numbers of rows, all of which give
 * a row the same bits.
 *
 * @param kernels by rows, ascending; all take weights in one layout
 * @param packing brings weights into that layout
 */
record RowTiles(List<Tile> kernels, Primitive packing) {

  /** A kernel for so many rows. */
  record Tile(int rows, Primitive kernel) {}

  /** Numbers of rows worth a kernel; one row alone sums in another order for many inputs. */
  static final int[] ROWS = {2, 4, 8, 16, 32, 64};

  static final int MOST_ROWS = 64;

  /**
   * The kernel for the first of {@code rows} rows, at most {@link #MOST_ROWS}: the smallest that
   * takes them all if no more than a quarter of it is idle, else the largest that they fill.
   */
  Tile first(int rows) {
    Tile filled = null;
    for (Tile tile : kernels) {
      if (tile.rows() >= rows) {
        return filled == null || 4 * (tile.rows() - rows) <= tile.rows() ? tile : filled;
      }
      filled = tile;
    }
    return require(filled);
  }

  /** Rows that the kernels for {@code rows} rows take beyond the last. */
  int idleRows(int rows) {
    int left = rows % MOST_ROWS;
    while (left > 0) {
      left -= first(left).rows();
    }
    return -left;
  }

  /** Bytes of packed weights. */
  long packedBytes() {
    return packing.bytes(1);
  }

  private static Tile require(@Nullable Tile tile) {
    if (tile == null) {
      throw new IllegalStateException("no kernels");
    }
    return tile;
  }
}
