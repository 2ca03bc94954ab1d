package dev.andante.compute.vector;

import dev.andante.compute.Weight;
import org.jspecify.annotations.Nullable;

/**
 * A parameter as one or more packed matrices stacked along the outputs; more than one only where
 * the parts of a fused weight come in different formats.
 */
record VectorWeight(String name, PackedMatrix[] parts, float @Nullable [] bias) implements Weight {

  @Override
  public int outputs() {
    int outputs = 0;
    for (PackedMatrix part : parts) {
      outputs += part.outputs();
    }
    return outputs;
  }

  @Override
  public int inputs() {
    return parts[0].inputs();
  }

  @Override
  public long bytes() {
    long bytes = bias == null ? 0 : (long) Float.BYTES * bias.length;
    for (PackedMatrix part : parts) {
      bytes += part.bytes();
    }
    return bytes;
  }

  /** Output {@code output} as f32, zero-padded to whole vectors. */
  void unpack(int output, float[] target, int at) {
    int index = output;
    for (PackedMatrix part : parts) {
      if (index < part.outputs()) {
        part.unpack(index, target, at);
        return;
      }
      index -= part.outputs();
    }
    throw new IndexOutOfBoundsException(name + ": output " + output + " of " + outputs());
  }
}
