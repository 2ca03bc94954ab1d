package dev.andante.compute.ckernels;

import dev.andante.compute.BFloat16;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Reads one output of a packed matrix as f32. */
final class RowReader {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int LANES = WeightLayout.LANES;
  private static final int BLOCK = WeightLayout.BLOCK;

  private RowReader() {}

  /** Writes the inputs of {@code output} to {@code target[at …]}. */
  static void read(PackedWeight weight, int output, float[] target, int at) {
    WeightLayout layout = weight.layout();
    int lane = output % LANES;
    long group = layout.groupBytes(weight.inputs()) * (output / LANES);
    if (layout.isQuantized()) {
      for (int first = 0; first < weight.inputs(); first += BLOCK) {
        long block = group + (long) layout.blockBytes() * (first / BLOCK);
        readBlock(layout, weight.data(), block, lane, target, at + first);
      }
    } else {
      for (int k = 0; k < weight.inputs(); k++) {
        target[at + k] = plain(layout.kind(), weight.data(), group, (long) k * LANES + lane);
      }
    }
  }

  private static float plain(WeightLayout.Kind kind, MemorySegment data, long group, long element) {
    return switch (kind) {
      case HALVES -> Float.float16ToFloat(data.get(SHORT, group + Short.BYTES * element));
      case BFLOATS -> BFloat16.toFloat(data.get(SHORT, group + Short.BYTES * element));
      default -> data.get(FLOAT, group + Float.BYTES * element);
    };
  }

  private static void readBlock(
      WeightLayout layout, MemorySegment data, long block, int lane, float[] target, int at) {
    boolean nibbles = layout.kind() == WeightLayout.Kind.NIBBLES;
    int runs = BLOCK / layout.run();
    long factors = block + layout.codeBytes();
    for (int i = 0; i < BLOCK; i++) {
      int vector = nibbles ? i % (BLOCK / 2) / 4 : i / 4;
      int four = data.get(INT, block + (long) Integer.BYTES * (vector * LANES + lane));
      int code = (four >>> (8 * (i % 4))) & 0xFF;
      if (nibbles) {
        code = i < BLOCK / 2 ? code & 15 : code >> 4;
      }
      int run = i / layout.run();
      float scale = factor(layout, data, factors, run * LANES + lane);
      float minimum =
          layout.hasMinimum() ? factor(layout, data, factors, (runs + run) * LANES + lane) : 0;
      target[at + i] = (code - layout.offset()) * scale + minimum;
    }
  }

  private static float factor(WeightLayout layout, MemorySegment data, long factors, int index) {
    return layout.wide()
        ? data.get(FLOAT, factors + (long) Float.BYTES * index)
        : Float.float16ToFloat(data.get(SHORT, factors + (long) Short.BYTES * index));
  }
}
