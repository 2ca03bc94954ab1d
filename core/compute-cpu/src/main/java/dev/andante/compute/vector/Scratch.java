package dev.andante.compute.vector;

/** Buffers of one thread, grown when needed and reused from call to call. */
final class Scratch {

  private float[] tile = new float[0];
  private float[] dots = new float[0];
  private float[] rows = new float[0];

  /** For unpacked weights. */
  float[] tile(int n) {
    if (tile.length < n) {
      tile = new float[n];
    }
    return tile;
  }

  /** For products. */
  float[] dots(int n) {
    if (dots.length < n) {
      dots = new float[n];
    }
    return dots;
  }

  /** For activations, padded. */
  float[] rows(int n) {
    if (rows.length < n) {
      rows = new float[n];
    }
    return rows;
  }
}
