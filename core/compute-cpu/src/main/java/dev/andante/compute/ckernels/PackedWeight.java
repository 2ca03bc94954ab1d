package dev.andante.compute.ckernels;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A matrix in the layout of the kernels, {@code struct weight} of kernels.h. Immutable, shared by
 * all threads.
 *
 * @param layout how codes and scales are kept
 * @param struct what the kernels are given
 * @param data the packed groups
 */
record PackedWeight(
    WeightLayout layout, int outputs, int inputs, MemorySegment struct, MemorySegment data) {

  static final MemoryLayout STRUCT =
      MemoryLayout.structLayout(
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          MemoryLayout.sequenceLayout(8, ValueLayout.JAVA_INT));

  /** Whether the kernels for 8-bit activations take it. */
  boolean isQuantized() {
    return layout.isQuantized();
  }

  int groups() {
    return WeightLayout.groups(outputs);
  }

  long bytes() {
    return data.byteSize();
  }

  /**
   * Fills {@code struct} in and returns it. Its memory is that of the weights, so a call that is
   * given it keeps them from being freed.
   */
  static MemorySegment describe(
      MemorySegment struct, WeightLayout layout, int outputs, int inputs, MemorySegment data) {
    struct.set(ValueLayout.ADDRESS, 0, data);
    struct.set(ValueLayout.JAVA_LONG, 8, layout.groupBytes(inputs));
    int[] fields = {
      layout.blockBytes(),
      inputs / WeightLayout.BLOCK,
      layout.kind().code(),
      layout.offset(),
      layout.hasMinimum() ? 1 : 0,
      layout.wide() ? 1 : 0,
      outputs,
      inputs
    };
    MemorySegment.copy(fields, 0, struct, ValueLayout.JAVA_INT, 16, fields.length);
    return struct;
  }
}
