package dev.andante.compute.ckernels;

import dev.andante.compute.Weight;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A parameter as one or more packed matrices stacked along the outputs; more than one only where
 * the parts of a fused weight come in different formats.
 */
final class NativeWeight implements Weight {

  private final String name;
  private final PackedWeight[] parts;
  private final MemorySegment bias;
  private final int outputs;
  private final MemorySegment vector;

  NativeWeight(String name, PackedWeight[] parts, float @Nullable [] bias) {
    this.name = name;
    this.parts = parts;
    this.bias = bias == null ? MemorySegment.NULL : MemorySegment.ofArray(bias);
    int all = 0;
    for (PackedWeight part : parts) {
      all += part.outputs();
    }
    this.outputs = all;
    this.vector = all == 1 ? MemorySegment.ofArray(unpack(0)) : MemorySegment.NULL;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int outputs() {
    return outputs;
  }

  @Override
  public int inputs() {
    return parts[0].inputs();
  }

  @Override
  public long bytes() {
    long bytes = bias.byteSize();
    for (PackedWeight part : parts) {
      bytes += part.bytes();
    }
    return bytes;
  }

  /** The only output as f32, NULL where there are more. */
  MemorySegment vector() {
    return vector;
  }

  /** One output as f32. */
  float[] unpack(int output) {
    float[] row = new float[inputs()];
    unpack(output, row, 0);
    return row;
  }

  /** As {@link #unpack(int)}, to {@code target[at …]}. */
  void unpack(int output, float[] target, int at) {
    int index = output;
    for (PackedWeight part : parts) {
      if (index < part.outputs()) {
        RowReader.read(part, index, target, at);
        return;
      }
      index -= part.outputs();
    }
    throw new IndexOutOfBoundsException(name + ": output " + output + " of " + outputs);
  }

  PackedWeight[] parts() {
    return parts;
  }

  /** The bias of all outputs, or NULL. */
  MemorySegment bias() {
    return bias;
  }

  /** Whether both halves of the outputs are whole groups of one packed matrix. */
  boolean isHalved() {
    return parts.length == 1 && outputs % (2 * WeightLayout.LANES) == 0;
  }

  /** Whether a part takes activations of 8 bits. */
  boolean isQuantized() {
    for (PackedWeight part : parts) {
      if (part.isQuantized()) {
        return true;
      }
    }
    return false;
  }

  /** Whether all parts do. */
  boolean isAllQuantized() {
    for (PackedWeight part : parts) {
      if (!part.isQuantized()) {
        return false;
      }
    }
    return true;
  }
}
