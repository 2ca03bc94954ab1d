package dev.andante.testkit;

import dev.andante.compute.BFloat16;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/** Random tensors in every format, as a file would hold them. */
public final class TestTensors {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private TestTensors() {}

  /** Standard normal numbers. */
  public static float[] gaussian(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** An F32 tensor of these values. */
  public static HostTensor of(String name, float[] values, long... shape) {
    MemorySegment data = Arena.ofAuto().allocate(4L * values.length);
    for (int i = 0; i < values.length; i++) {
      data.set(FLOAT, 4L * i, values[i]);
    }
    return new HostTensor(name, DType.F32, shape, data.asReadOnly());
  }

  /**
   * Random elements with a spread of about one. Quantised formats get random codes in every block,
   * extremes included, and random scales; the data start at an odd address, as nothing in a file
   * promises alignment.
   */
  public static HostTensor random(Random random, String name, DType dtype, long... shape) {
    long elements = 1;
    for (long n : shape) {
      elements *= n;
    }
    long bytes = dtype.bytes(elements);
    MemorySegment data = Arena.ofAuto().allocate(bytes + 1).asSlice(1, bytes);
    for (long at = 0; at < bytes; at += dtype.blockBytes()) {
      switch (dtype) {
        case F32 -> data.set(FLOAT, at, (float) random.nextGaussian());
        case F16 -> data.set(SHORT, at, Float.floatToFloat16((float) random.nextGaussian()));
        case BF16 -> data.set(SHORT, at, BFloat16.fromFloat((float) random.nextGaussian()));
        default -> block(random, dtype, data.asSlice(at, dtype.blockBytes()));
      }
    }
    return new HostTensor(name, dtype, shape, data.asReadOnly());
  }

  private static void block(Random random, DType dtype, MemorySegment block) {
    byte[] codes = new byte[dtype.blockBytes()];
    random.nextBytes(codes);
    MemorySegment.copy(MemorySegment.ofArray(codes), 0, block, 0, codes.length);
    switch (dtype) {
      case Q4_0 -> half(block, 0, random, 0.25f);
      case Q4_1 -> {
        half(block, 0, random, 0.25f);
        half(block, 2, random, -2);
      }
      case Q5_0 -> half(block, 0, random, 0.125f);
      case Q5_1 -> {
        half(block, 0, random, 0.125f);
        half(block, 2, random, -2);
      }
      case Q8_0 -> half(block, 0, random, 1 / 64f);
      case Q4_K -> {
        half(block, 0, random, 1 / 128f);
        half(block, 2, random, 1 / 16f);
      }
      case Q5_K -> {
        half(block, 0, random, 1 / 256f);
        half(block, 2, random, 1 / 16f);
      }
      case Q6_K -> half(block, 208, random, 1 / 1024f);
      case F32, F16, BF16 -> throw new IllegalArgumentException(dtype + " has no blocks");
    }
  }

  private static void half(MemorySegment block, long at, Random random, float about) {
    block.set(SHORT, at, Float.floatToFloat16(about * random.nextFloat(0.5f, 1.5f)));
  }
}
