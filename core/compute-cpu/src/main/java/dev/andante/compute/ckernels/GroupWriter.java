package dev.andante.compute.ckernels;

import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.QuantizedBlock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Writes outputs of a tensor into packed groups, each call into one. Threads may write different
 * groups at once.
 */
final class GroupWriter {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Inputs whose codes are bytes of one lane. */
  private static final int QUAD = 4;

  private static final int NOT_NATIVE = -1;

  private final WeightLayout layout;
  private final int inputs;
  private final MemorySegment target;
  private final MemorySegment struct;

  /**
   * @param target the groups
   * @param struct their {@code struct weight}
   */
  GroupWriter(WeightLayout layout, int inputs, MemorySegment target, MemorySegment struct) {
    this.layout = layout;
    this.inputs = inputs;
    this.target = target;
    this.struct = struct;
  }

  /** Rows {@code [row, row + count)} of a tensor as outputs {@code [output, output + count)}. */
  void write(HostTensor tensor, int row, int output, int count) {
    int format = nativeFormat(tensor.dtype());
    if (format != NOT_NATIVE) {
      long rowBytes = tensor.dtype().bytes(inputs);
      Kernels.pack(tensor.data(), row * rowBytes, rowBytes, format, struct, output, count);
      return;
    }
    QuantizedBlock block = new QuantizedBlock();
    for (int i = 0; i < count; i++) {
      int lane = (output + i) % WeightLayout.LANES;
      long group = layout.groupBytes(inputs) * ((output + i) / WeightLayout.LANES);
      long from = (row + i) * tensor.dtype().bytes(inputs);
      if (layout.isQuantized()) {
        writeBlocks(block, tensor, from, group, lane);
      } else {
        writePlain(tensor, from, group, lane);
      }
    }
  }

  /** {@code enum format} of pack.c: the formats that it writes. */
  private static int nativeFormat(DType dtype) {
    return switch (dtype) {
      case Q4_0 -> 0;
      case Q4_1 -> 1;
      case Q8_0 -> 2;
      default -> NOT_NATIVE;
    };
  }

  private void writePlain(HostTensor tensor, long from, long group, int lane) {
    MemorySegment source = tensor.data();
    if (tensor.dtype() == DType.F32) {
      for (int k = 0; k < inputs; k++) {
        int bits = source.get(INT, from + (long) Integer.BYTES * k);
        target.set(INT, group + (long) Integer.BYTES * (k * WeightLayout.LANES + lane), bits);
      }
    } else {
      for (int k = 0; k < inputs; k++) {
        short bits = source.get(SHORT, from + (long) Short.BYTES * k);
        target.set(SHORT, group + (long) Short.BYTES * (k * WeightLayout.LANES + lane), bits);
      }
    }
  }

  private void writeBlocks(
      QuantizedBlock block, HostTensor tensor, long from, long group, int lane) {
    DType dtype = tensor.dtype();
    int perRun = QuantizedBlock.groupElements(dtype);
    for (int first = 0; first < inputs; first += dtype.blockElements()) {
      block.open(dtype, tensor.data(), from + dtype.bytes(first));
      for (int in = 0; in < dtype.blockElements(); in += WeightLayout.BLOCK) {
        long to = group + (long) layout.blockBytes() * ((first + in) / WeightLayout.BLOCK);
        writeCodes(block, dtype, in, to, lane);
        writeFactors(block, in / perRun, to + layout.codeBytes(), lane);
      }
    }
  }

  private void writeCodes(QuantizedBlock block, DType dtype, int from, long at, int lane) {
    // Signed codes become unsigned by the offset; formats that subtract a multiple of the scale
    // through a minimum have unsigned codes already.
    int shift = QuantizedBlock.hasNoMinimum(dtype) ? layout.offset() : 0;
    boolean nibbles = layout.kind() == WeightLayout.Kind.NIBBLES;
    int vectors = nibbles ? WeightLayout.BLOCK / QUAD / 2 : WeightLayout.BLOCK / QUAD;
    for (int v = 0; v < vectors; v++) {
      int four = 0;
      for (int i = 0; i < QUAD; i++) {
        int code = block.code(from + QUAD * v + i) + shift;
        if (nibbles) {
          code |= block.code(from + WeightLayout.BLOCK / 2 + QUAD * v + i) << 4;
        }
        four |= code << (8 * i);
      }
      target.set(INT, at + (long) Integer.BYTES * (v * WeightLayout.LANES + lane), four);
    }
  }

  private void writeFactors(QuantizedBlock block, int firstRun, long at, int lane) {
    int runs = WeightLayout.BLOCK / layout.run();
    for (int r = 0; r < runs; r++) {
      writeFactor(block.scale(firstRun + r), at, r, lane);
      if (layout.hasMinimum()) {
        writeFactor(block.minimum(firstRun + r), at, runs + r, lane);
      }
    }
  }

  private void writeFactor(float factor, long at, int index, int lane) {
    long to = at + (long) layout.factorBytes() * (index * WeightLayout.LANES + lane);
    if (layout.wide()) {
      target.set(FLOAT, to, factor);
    } else {
      target.set(SHORT, to, Float.floatToFloat16(factor));
    }
  }
}
