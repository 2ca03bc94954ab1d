package dev.andante.compute.onednn;

import java.lang.foreign.MemorySegment;

/**
 * A matrix {@code [outputs, inputs]} in layouts of the library, cut along its outputs.
 *
 * @param chunks in order of their outputs
 * @param scales one for each output
 */
record PackedWeights(int outputs, int inputs, Chunk[] chunks, float[] scales, long bytes) {

  /**
   * @param tiles kernels for it
   * @param memory the packed weights
   * @param first its first output
   * @param outputs how many it has
   * @param width how many its kernels give: those and zeros
   */
  record Chunk(RowTiles tiles, MemorySegment memory, int first, int outputs, int width) {}
}
