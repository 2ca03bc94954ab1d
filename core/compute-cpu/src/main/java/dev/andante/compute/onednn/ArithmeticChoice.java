package dev.andante.compute.onednn;

import dev.andante.compute.BackendException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Finds out, by trying, how this machine best computes in a format. */
final class ArithmeticChoice {

  private static final int SIZE = Kernels.BLOCK;

  private ArithmeticChoice() {}

  /**
   * @throws BackendException if the library cannot compute in this format
   */
  static Arithmetic of(Format format, OneDnn library, Kernels kernels, Worker worker) {
    return switch (format) {
      case BF16 -> hasFastBf16(library) ? FloatArithmetic.BF16 : FloatArithmetic.BF16_IN_F32;
      case S8 -> bytes(library, kernels, worker);
    };
  }

  /** The fast kernels for bf16 are of one family; any others are slower than those for f32. */
  static boolean hasFastBf16(OneDnn library) {
    Primitive.Matrix square = new Primitive.Matrix(DataType.BF16, SIZE, SIZE);
    Primitive.Matrix sums = new Primitive.Matrix(DataType.F32, SIZE, SIZE);
    try (Primitive kernel = Primitive.matmul(library, 0, square, square, sums, null)) {
      return kernel != null && kernel.implementation().startsWith("brg");
    }
  }

  private static Arithmetic bytes(OneDnn library, Kernels kernels, Worker worker) {
    for (int limit : new int[] {ByteArithmetic.FULL, ByteArithmetic.HALF}) {
      ByteArithmetic arithmetic = new ByteArithmetic(limit);
      if (largestSumsAreExact(arithmetic, kernels, worker)) {
        return arithmetic;
      }
    }
    throw new BackendException(
        "oneDNN's products of bytes are wrong on "
            + library.isa().text()
            + "; choose the backend onednn");
  }

  private static boolean largestSumsAreExact(
      ByteArithmetic arithmetic, Kernels kernels, Worker worker) {
    RowTiles tiles = kernels.blockTiles(arithmetic, SIZE, worker);
    RowTiles.Tile tile = tiles.first(SIZE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate((long) tile.rows() * SIZE, SIZE);
      MemorySegment weights = arena.allocate((long) SIZE * SIZE, SIZE);
      MemorySegment packed = arena.allocate(tiles.packedBytes(), SIZE);
      MemorySegment sums = arena.allocate((long) tile.rows() * SIZE * Integer.BYTES, SIZE);
      source.fill((byte) ByteArithmetic.FULL);
      weights.fill((byte) arithmetic.weightLimit());
      worker.pack(tiles.packing(), weights.address(), packed.address());
      worker.multiply(tile.kernel(), source.address(), packed.address(), sums.address());
      int expected = SIZE * ByteArithmetic.FULL * arithmetic.weightLimit();
      for (int i = 0; i < tile.rows() * SIZE; i++) {
        if (sums.getAtIndex(ValueLayout.JAVA_INT, i) != expected) {
          return false;
        }
      }
      return true;
    }
  }
}
