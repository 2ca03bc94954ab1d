package dev.andante.benchmarks.data;

import dev.andante.compute.BFloat16;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/** Matrices of random codes with small scales, as a file would hold them. */
public final class RandomWeights {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private RandomWeights() {}

  public static HostTensor matrix(Random random, DType dtype, int outputs, int inputs) {
    long bytes = dtype.bytes((long) outputs * inputs);
    MemorySegment data = Arena.ofAuto().allocate(bytes);
    byte[] block = new byte[dtype.blockBytes()];
    for (long at = 0; at < bytes; at += block.length) {
      random.nextBytes(block);
      MemorySegment.copy(block, 0, data, ValueLayout.JAVA_BYTE, at, block.length);
      float value = random.nextFloat(-0.05f, 0.05f);
      switch (dtype) {
        case F32 -> data.set(FLOAT, at, value);
        case BF16 -> data.set(SHORT, at, BFloat16.fromFloat(value));
        case F16, Q4_0, Q5_0, Q8_0 -> data.set(SHORT, at, Float.floatToFloat16(value));
        case Q4_1, Q5_1, Q4_K, Q5_K -> {
          data.set(SHORT, at, Float.floatToFloat16(value));
          data.set(SHORT, at + 2, Float.floatToFloat16(-value));
        }
        case Q6_K -> data.set(SHORT, at + 208, Float.floatToFloat16(value / 64));
      }
    }
    return new HostTensor("random", dtype, new long[] {outputs, inputs}, data);
  }

  /** A norm's gain: n numbers around one. */
  public static HostTensor gain(Random random, int n) {
    MemorySegment data = Arena.ofAuto().allocate(4L * n);
    for (int i = 0; i < n; i++) {
      data.set(FLOAT, 4L * i, random.nextFloat(0.5f, 1.5f));
    }
    return new HostTensor("gain", DType.F32, new long[] {n}, data);
  }
}
