package dev.andante.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Each format is written here by hand, element by element from the value wanted, and read back. The
 * scales are powers of two or small multiples, so that every expected value is exact.
 */
class DequantizerTest {

  private final Random random = new Random(7);

  @Test
  void plainFormats() {
    float[] values = {0, 1, -2.5f, 0.15625f, -1024};
    ByteBuffer f32 = little(20);
    ByteBuffer f16 = little(10);
    ByteBuffer bf16 = little(10);
    for (float value : values) {
      f32.putFloat(value);
      f16.putShort(Float.floatToFloat16(value));
      bf16.putShort((short) (Float.floatToIntBits(value) >>> 16));
    }
    assertThat(read(DType.F32, 1, 5, f32)).containsExactly(values);
    assertThat(read(DType.F16, 1, 5, f16)).containsExactly(values);
    assertThat(read(DType.BF16, 1, 5, bf16)).containsExactly(values);
  }

  @Test
  void q4WithAndWithoutMinimum() {
    int[] q = codes(32, 0, 15);
    ByteBuffer q40 = little(18).putShort(half(0.25f));
    ByteBuffer q41 = little(20).putShort(half(0.25f)).putShort(half(-1.5f));
    for (int i = 0; i < 16; i++) {
      byte pair = (byte) (q[i] + 16 * q[i + 16]);
      q40.put(pair);
      q41.put(pair);
    }
    assertThat(read(DType.Q4_0, 1, 32, q40)).containsExactly(affine(q, 0.25f, -8 * 0.25f));
    assertThat(read(DType.Q4_1, 1, 32, q41)).containsExactly(affine(q, 0.25f, -1.5f));
  }

  @Test
  void q5WithAndWithoutMinimum() {
    int[] q = codes(32, 0, 31);
    int high = 0;
    for (int i = 0; i < 32; i++) {
      high += q[i] >= 16 ? 1 << i : 0;
    }
    ByteBuffer q50 = little(22).putShort(half(0.5f)).putInt(high);
    ByteBuffer q51 = little(24).putShort(half(0.5f)).putShort(half(3)).putInt(high);
    for (int i = 0; i < 16; i++) {
      byte pair = (byte) (q[i] % 16 + 16 * (q[i + 16] % 16));
      q50.put(pair);
      q51.put(pair);
    }
    assertThat(read(DType.Q5_0, 1, 32, q50)).containsExactly(affine(q, 0.5f, -8));
    assertThat(read(DType.Q5_1, 1, 32, q51)).containsExactly(affine(q, 0.5f, 3));
  }

  @Test
  void q8() {
    int[] q = codes(32, -128, 127);
    ByteBuffer q80 = little(34).putShort(half(0.125f));
    for (int code : q) {
      q80.put((byte) code);
    }
    assertThat(read(DType.Q8_0, 1, 32, q80)).containsExactly(affine(q, 0.125f, 0));
  }

  @Test
  void q4AndQ5InSuperBlocks() {
    int[] scales = codes(8, 0, 63);
    int[] minimums = codes(8, 0, 63);
    int[] q4 = codes(256, 0, 15);
    int[] q5 = codes(256, 0, 31);
    ByteBuffer q4k = little(144).putShort(half(0.5f)).putShort(half(0.25f));
    ByteBuffer q5k = little(176).putShort(half(0.5f)).putShort(half(0.25f));
    q4k.put(sixBitPairs(scales, minimums));
    q5k.put(sixBitPairs(scales, minimums));
    for (int i = 0; i < 32; i++) {
      int bits = 0;
      for (int g = 0; g < 8; g++) {
        bits += q5[32 * g + i] >= 16 ? 1 << g : 0;
      }
      q5k.put((byte) bits);
    }
    for (int chunk = 0; chunk < 4; chunk++) {
      for (int i = 0; i < 32; i++) {
        int at = 64 * chunk + i;
        q4k.put((byte) (q4[at] + 16 * q4[at + 32]));
        q5k.put((byte) (q5[at] % 16 + 16 * (q5[at + 32] % 16)));
      }
    }
    float[] expected4 = new float[256];
    float[] expected5 = new float[256];
    for (int i = 0; i < 256; i++) {
      expected4[i] = 0.5f * scales[i / 32] * q4[i] - 0.25f * minimums[i / 32];
      expected5[i] = 0.5f * scales[i / 32] * q5[i] - 0.25f * minimums[i / 32];
    }
    assertThat(read(DType.Q4_K, 1, 256, q4k)).containsExactly(expected4);
    assertThat(read(DType.Q5_K, 1, 256, q5k)).containsExactly(expected5);
  }

  @Test
  void q6InSuperBlocks() {
    int[] scales = codes(16, -128, 127);
    int[] q = codes(256, -32, 31);
    byte[] low = new byte[128];
    byte[] high = new byte[64];
    for (int i = 0; i < 256; i++) {
      int code = q[i] + 32;
      int half = i / 128;
      int quarter = i % 128 / 32; // which of the four runs of 32 in this half
      int lowAt = 64 * half + 32 * (quarter % 2) + i % 32;
      low[lowAt] += (byte) ((code % 16) << (quarter < 2 ? 0 : 4));
      high[32 * half + i % 32] += (byte) ((code / 16) << (2 * quarter));
    }
    ByteBuffer q6k = little(210).put(low).put(high);
    for (int scale : scales) {
      q6k.put((byte) scale);
    }
    q6k.putShort(half(0.0625f));
    float[] expected = new float[256];
    for (int i = 0; i < 256; i++) {
      expected[i] = 0.0625f * scales[i / 16] * q[i] + 0f; // no minus zero
    }
    assertThat(read(DType.Q6_K, 1, 256, q6k)).containsExactly(expected);
  }

  @Test
  void rowsAndBlocksFollowEachOther() {
    ByteBuffer data = little(3 * 2 * 34);
    float[] expected = new float[3 * 64];
    for (int block = 0; block < 6; block++) {
      int[] q = codes(32, -128, 127);
      data.putShort(half(block + 1f));
      for (int i = 0; i < 32; i++) {
        data.put((byte) q[i]);
        expected[32 * block + i] = (block + 1) * q[i];
      }
    }
    HostTensor tensor = tensor(DType.Q8_0, new long[] {3, 64}, data);
    assertThat(Dequantizer.dequantize(tensor)).containsExactly(expected);
    float[] row = new float[66];
    new Dequantizer().row(tensor, 2, row, 1);
    assertThat(row[0]).isZero();
    assertThat(row[1]).isEqualTo(expected[128]);
    assertThat(row[64]).isEqualTo(expected[191]);
  }

  @Test
  void aPlainFormatHasNoBlocks() {
    assertThatThrownBy(
            () -> new QuantizedBlock().open(DType.F16, MemorySegment.ofArray(new byte[2]), 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** GGML's packing of eight pairs of 6-bit numbers into 12 bytes. */
  private static byte[] sixBitPairs(int[] scales, int[] minimums) {
    byte[] packed = new byte[12];
    for (int g = 0; g < 4; g++) {
      packed[g] = (byte) (scales[g] + 64 * (scales[g + 4] / 16));
      packed[g + 4] = (byte) (minimums[g] + 64 * (minimums[g + 4] / 16));
      packed[g + 8] = (byte) (scales[g + 4] % 16 + 16 * (minimums[g + 4] % 16));
    }
    return packed;
  }

  private int[] codes(int n, int min, int max) {
    int[] codes = random.ints(n, min, max + 1).toArray();
    codes[0] = min;
    codes[n - 1] = max;
    return codes;
  }

  private static float[] affine(int[] codes, float scale, float minimum) {
    float[] values = new float[codes.length];
    for (int i = 0; i < codes.length; i++) {
      values[i] = codes[i] * scale + minimum;
    }
    return values;
  }

  private static short half(float value) {
    return Float.floatToFloat16(value);
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static float[] read(DType dtype, int rows, int columns, ByteBuffer data) {
    return Dequantizer.dequantize(tensor(dtype, new long[] {rows, columns}, data));
  }

  private static HostTensor tensor(DType dtype, long[] shape, ByteBuffer data) {
    assertThat(data.remaining()).as("bytes not written").isZero();
    return new HostTensor("test", dtype, shape, MemorySegment.ofBuffer(data.flip()));
  }
}
