package dev.andante.compute.cuda;

/** Checks of arguments. All throw {@link IllegalArgumentException}. */
final class Shapes {

  private Shapes() {}

  static void rows(String what, CudaTensor x, int rows) {
    if (x.rows() != rows) {
      throw new IllegalArgumentException(what + " is " + x + ", not of " + rows + " rows");
    }
  }

  static void columns(String what, CudaTensor x, int columns) {
    if (x.columns() != columns) {
      throw new IllegalArgumentException(what + " is " + x + ", not of " + columns + " columns");
    }
  }

  static void same(String what, CudaTensor x, CudaTensor like) {
    rows(what, x, like.rows());
    columns(what, x, like.columns());
  }

  static void heads(String what, CudaTensor x, int headDim) {
    if (headDim < 1 || x.columns() % headDim != 0) {
      throw new IllegalArgumentException(what + " is " + x + ", not whole heads of " + headDim);
    }
  }

  static void row(int row, CudaTensor x) {
    if (row < 0 || row >= x.rows()) {
      throw new IllegalArgumentException("row " + row + " of " + x);
    }
  }

  static void layer(int layer, CudaKvPool pool) {
    if (layer < 0 || layer >= pool.layout().layers()) {
      throw new IllegalArgumentException("layer " + layer + " of " + pool.layout().layers());
    }
  }

  static void length(String what, int length, CudaTensor x) {
    if (length < (long) x.rows() * x.columns()) {
      throw new IllegalArgumentException(what + ": " + length + " floats for " + x);
    }
  }
}
