package dev.andante.compute.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * Whether kernels give the bits of the standard one, seen on random numbers. Another order of sums
 * changes most results in their last bits, so a few thousand results do not miss it; where there
 * are few products to sum it changes one in thousands, and more rounds are needed.
 */
final class TileCheck implements AutoCloseable {

  private static final int BLOCK_ROW_BYTES = Kernels.BLOCK * 4; // sums take four bytes each

  private final Arena arena = Arena.ofConfined();
  private final Worker worker;
  private final int outputs;
  private final MemorySegment source;
  private final MemorySegment weights;
  private final long blockBytes;

  /** {@code [blocks of outputs][rows][outputs of a block]}. */
  private final MemorySegment expected;

  TileCheck(
      Worker worker,
      Arithmetic arithmetic,
      int inputs,
      int outputs,
      int seed,
      Primitive standard,
      Primitive standardPacking) {
    this.worker = worker;
    this.outputs = outputs;
    long rowBytes = (long) inputs * arithmetic.factors().bytes();
    this.blockBytes = Kernels.BLOCK * rowBytes;
    this.source = arena.allocate(RowTiles.MOST_ROWS * rowBytes, 64);
    this.weights = arena.allocate(outputs * rowBytes, 64);
    this.expected = arena.allocate((long) RowTiles.MOST_ROWS * outputs * 4, 64);
    float[] noise = noise(inputs + Math.max(outputs, RowTiles.MOST_ROWS), seed);
    float[] scratch = new float[inputs];
    for (int r = 0; r < RowTiles.MOST_ROWS; r++) {
      arithmetic.narrowRow(noise, r, inputs, scratch, source, r * rowBytes);
    }
    for (int o = 0; o < outputs; o++) {
      arithmetic.narrowWeights(noise, outputs - 1 - o, inputs, scratch, weights, o * rowBytes);
    }
    fillExpected(standard, standardPacking, rowBytes);
  }

  private static float[] noise(int n, int seed) {
    SplittableRandom random = new SplittableRandom(n + ((long) seed << 32));
    float[] noise = new float[n];
    for (int i = 0; i < n; i++) {
      noise[i] = (float) random.nextGaussian();
    }
    return noise;
  }

  private void fillExpected(Primitive standard, Primitive packing, long rowBytes) {
    MemorySegment packed = arena.allocate(packing.bytes(1), 64);
    for (int block = 0; block < outputs / Kernels.BLOCK; block++) {
      worker.pack(packing, weights.address() + block * blockBytes, packed.address());
      for (int r = 0; r < RowTiles.MOST_ROWS; r += Kernels.ROWS) {
        worker.multiply(
            standard,
            source.address() + r * rowBytes,
            packed.address(),
            expected.address() + expectedAt(block, r));
      }
    }
  }

  private static long expectedAt(int block, int row) {
    return ((long) block * RowTiles.MOST_ROWS + row) * BLOCK_ROW_BYTES;
  }

  /** Whether a kernel for so many rows, on weights so packed, gives the standard's bits. */
  boolean givesTheSameBits(Primitive kernel, int rows, Primitive packing) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment packed = scratch.allocate(packing.bytes(1), 64);
      MemorySegment sums = scratch.allocate((long) rows * outputs * 4, 64);
      worker.pack(packing, weights.address(), packed.address());
      worker.multiply(kernel, source.address(), packed.address(), sums.address());
      for (int r = 0; r < rows; r++) {
        for (int block = 0; block < outputs / Kernels.BLOCK; block++) {
          long at = (long) r * outputs * 4 + (long) block * BLOCK_ROW_BYTES;
          long want = expectedAt(block, r);
          if (MemorySegment.mismatch(
                  sums, at, at + BLOCK_ROW_BYTES, expected, want, want + BLOCK_ROW_BYTES)
              >= 0) {
            return false;
          }
        }
      }
      return true;
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
