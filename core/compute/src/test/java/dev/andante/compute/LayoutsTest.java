package dev.andante.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The records that describe tensors, caches and batches. */
class LayoutsTest {

  private static HostTensor tensor(DType dtype, int bytes, long... shape) {
    return new HostTensor("w", dtype, shape, MemorySegment.ofArray(new byte[bytes]));
  }

  @Test
  void bytesOfWholeBlocksOnly() {
    assertThat(DType.F32.bytes(3)).isEqualTo(12);
    assertThat(DType.Q4_1.bytes(64)).isEqualTo(40);
    assertThat(DType.Q6_K.bytes(256)).isEqualTo(210);
    assertThat(DType.Q8_0.bytes(1L << 40)).isEqualTo((1L << 35) * 34);
    assertThatThrownBy(() -> DType.Q4_1.bytes(33)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> DType.F32.bytes(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> DType.F32.bytes(Long.MAX_VALUE / 2))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void aTensorIsAsLargeAsItsShape() {
    HostTensor stacked = tensor(DType.F16, 2 * 3 * 4 * 2, 2, 3, 4);
    assertThat(stacked.columns()).isEqualTo(4);
    assertThat(stacked.rows()).isEqualTo(6);
    assertThat(tensor(DType.F32, 20, 5).rows()).isEqualTo(1);
    assertThatThrownBy(() -> tensor(DType.F32, 19, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("w: 19 bytes")
        .hasMessageContaining("20");
    assertThatThrownBy(() -> tensor(DType.F32, 0, 0, 4))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> tensor(DType.F32, 0, Long.MAX_VALUE, 4))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> tensor(DType.Q8_0, 34, 2, 16))
        .as("blocks do not span rows")
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aSliceIsSomeOfTheRows() {
    byte[] bytes = new byte[3 * 34];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    HostTensor whole =
        new HostTensor("w", DType.Q8_0, new long[] {3, 32}, MemorySegment.ofArray(bytes));
    HostTensor last = whole.slice(2, 3);
    assertThat(last.shape()).containsExactly(1, 32);
    assertThat(last.name()).isEqualTo("w[2:3]");
    assertThat(last.data().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 68);
    assertThatThrownBy(() -> whole.slice(2, 4)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> whole.slice(1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void theSizeOfACache() {
    KvLayout layout = new KvLayout(30, 3, 64, 16, DType.BF16);
    assertThat(layout.bytesPerTokenLayer()).isEqualTo(768);
    assertThat(layout.bytesPerToken()).isEqualTo(23_040);
    assertThat(layout.bytesPerBlock()).isEqualTo(368_640);
    assertThat(layout.blocksFor(0)).isZero();
    assertThat(layout.blocksFor(16)).isEqualTo(1);
    assertThat(layout.blocksFor(17)).isEqualTo(2);
    assertThatThrownBy(() -> new KvLayout(1, 1, 8, 16, DType.F16))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new KvLayout(1, 1, 8, 0, DType.F32))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void headsDivideEvenly() {
    assertThatThrownBy(() -> new AttentionParameters(9, 2, 64, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aBatchCoversItsRows() {
    Batch batch = new Batch(new int[5], new int[] {0, 2, 5}, new int[2], new int[2][], new int[0]);
    assertThat(batch.rows()).isEqualTo(5);
    assertThat(batch.sequences()).isEqualTo(2);
    assertThatThrownBy(
            () -> new Batch(new int[5], new int[] {0, 4}, new int[1], new int[1][], new int[0]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void ropeAnglesAreThoseOfTheirPosition() {
    RopeParameters rope =
        new RopeParameters(RopeParameters.Style.HALVES, new float[] {1, 0.25f}, 2, 100);
    assertThat(rope.rotary()).isEqualTo(4);
    assertThat(rope.cosine(0, 1)).isEqualTo(2);
    assertThat(rope.sine(8, 1)).isEqualTo((float) (2 * Math.sin(2)));
  }
}
