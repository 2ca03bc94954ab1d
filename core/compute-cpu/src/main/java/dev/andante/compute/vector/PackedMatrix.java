package dev.andante.compute.vector;

/**
 * A weight {@code [outputs, inputs]} in a layout that vectors are loaded from. Immutable, shared by
 * all threads.
 */
sealed interface PackedMatrix permits FloatMatrix, HalfMatrix, NibbleMatrix, ByteMatrix {

  int outputs();

  int inputs();

  long bytes();

  /**
   * The products of one row with outputs {@code [from, to)}, in the order of sums that the package
   * promises, to {@code dots[at …]}.
   *
   * @param x holds the row at {@code xAt}, zero-padded to whole vectors
   */
  void dot(float[] x, int xAt, int from, int to, float[] dots, int at);

  /** One output's inputs as f32, zero-padded to whole vectors, to {@code target[at …]}. */
  void unpack(int output, float[] target, int at);
}
