package dev.andante.compute.reference;

import dev.andante.compute.Weight;
import org.jspecify.annotations.Nullable;

/** A parameter widened to f32, one array per output. */
record ReferenceWeight(String name, float[][] rows, float @Nullable [] bias) implements Weight {

  @Override
  public int outputs() {
    return rows.length;
  }

  @Override
  public int inputs() {
    return rows[0].length;
  }

  @Override
  public long bytes() {
    return (long) Float.BYTES * outputs() * (inputs() + (bias == null ? 0 : 1));
  }
}
