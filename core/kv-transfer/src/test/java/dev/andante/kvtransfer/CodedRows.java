package dev.andante.kvtransfer;

import dev.andante.compute.BFloat16;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** KV as numbers, as a pool has it, and in eight bits. */
public final class CodedRows {

  private CodedRows() {}

  /** Such as a model computes: different from row to row, most of them small. */
  public static byte[] elements(KvLayout layout, int tokenLayers, long seed) {
    Random random = new Random(seed);
    int rows = tokenLayers * 2 * layout.kvHeads();
    float[] values = new float[rows * layout.headDim()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * (1 + i / layout.headDim());
    }
    return pool(values, layout.dtype());
  }

  /** What is read of what was written of it. */
  public static byte[] throughEightBits(KvLayout layout, byte[] elements) {
    return read(layout, write(layout, elements));
  }

  static byte[] write(KvLayout layout, byte[] elements) {
    long tokenLayers = elements.length / layout.bytesPerTokenLayer();
    byte[] coded = new byte[Math.toIntExact(KvCoding.Q8.bytes(layout, tokenLayers))];
    new EightBitRows(layout)
        .write(tokenLayers, MemorySegment.ofArray(elements), MemorySegment.ofArray(coded));
    return coded;
  }

  static byte[] read(KvLayout layout, byte[] coded) {
    long tokenLayers = coded.length / KvCoding.Q8.bytes(layout, 1);
    byte[] elements = new byte[Math.toIntExact(KvCoding.AS_IS.bytes(layout, tokenLayers))];
    new EightBitRows(layout)
        .read(
            tokenLayers,
            MemorySegment.ofArray(coded).asReadOnly(),
            MemorySegment.ofArray(elements));
    return elements;
  }

  /** Rounded to the dtype. */
  static byte[] pool(float[] values, DType dtype) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * dtype.blockBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      if (dtype == DType.F32) {
        bytes.putFloat(value);
      } else {
        bytes.putShort(BFloat16.fromFloat(value));
      }
    }
    return bytes.array();
  }

  static float[] values(byte[] pool, DType dtype) {
    ByteBuffer bytes = ByteBuffer.wrap(pool).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[pool.length / dtype.blockBytes()];
    for (int i = 0; i < values.length; i++) {
      values[i] = dtype == DType.F32 ? bytes.getFloat() : BFloat16.toFloat(bytes.getShort());
    }
    return values;
  }
}
