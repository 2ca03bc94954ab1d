package dev.andante.compute.onednn;

import dev.andante.compute.BackendException;
import dev.andante.compute.ComputePool;
import dev.andante.compute.host.Slabs;
import dev.andante.compute.host.WeightParts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Converts weights of any format and packs them, in parallel. */
final class WeightPacker {

  private static final int ALIGNMENT = 64;

  private final ComputePool pool;
  private final Workers workers;
  private final Kernels kernels;
  private final MemoryLimit limit;
  private final Slabs slabs;

  /**
   * @param arena where packed weights live
   */
  WeightPacker(ComputePool pool, Workers workers, Kernels kernels, MemoryLimit limit, Arena arena) {
    this.pool = pool;
    this.workers = workers;
    this.kernels = kernels;
    this.limit = limit;
    this.slabs = new Slabs(arena);
  }

  /**
   * Packs matrices, stacked along the outputs; their bias is left out.
   *
   * @throws BackendException if there is not enough memory
   */
  PackedWeights pack(Arithmetic arithmetic, WeightParts parts) {
    int outputs = parts.outputs();
    int inputs = parts.inputs();
    PackedWeights.Chunk[] chunks = chunks(arithmetic, parts.name(), outputs, inputs);
    float[] scales = new float[outputs];
    pool.run(chunks.length, index -> fill(arithmetic, chunks[index], parts, scales));
    long bytes = (long) Float.BYTES * outputs;
    for (PackedWeights.Chunk chunk : chunks) {
      bytes += chunk.memory().byteSize();
    }
    return new PackedWeights(outputs, inputs, chunks, scales, bytes);
  }

  private PackedWeights.Chunk[] chunks(
      Arithmetic arithmetic, String name, int outputs, int inputs) {
    Worker worker = workers.mine();
    int blocks = (outputs + Kernels.BLOCK - 1) / Kernels.BLOCK;
    long blockBytes = (long) Kernels.BLOCK * inputs * arithmetic.factors().bytes();
    limit.take(name, blocks * blockBytes);
    int each = ChunkPlan.blocksPerChunk(blocks, blockBytes, pool.threads());
    RowTiles wide = kernels.tiles(arithmetic, inputs, each * Kernels.BLOCK, worker);
    if (wide == null) {
      each = 1;
      wide = kernels.blockTiles(arithmetic, inputs, worker);
    }
    List<PackedWeights.Chunk> chunks = new ArrayList<>();
    for (int block = 0; block < blocks; ) {
      int n = Math.min(each, blocks - block);
      RowTiles tiles =
          n == each ? wide : kernels.tiles(arithmetic, inputs, n * Kernels.BLOCK, worker);
      if (tiles == null) {
        n = 1;
        tiles = kernels.blockTiles(arithmetic, inputs, worker);
      }
      int first = block * Kernels.BLOCK;
      int width = n * Kernels.BLOCK;
      MemorySegment memory = allocate(name, tiles.packedBytes(), blocks * blockBytes);
      chunks.add(
          new PackedWeights.Chunk(tiles, memory, first, Math.min(width, outputs - first), width));
      block += n;
    }
    return chunks.toArray(PackedWeights.Chunk[]::new);
  }

  private MemorySegment allocate(String name, long bytes, long wholeWeight) {
    try {
      return slabs.allocate(bytes, ALIGNMENT);
    } catch (OutOfMemoryError e) {
      throw MemoryLimit.tooLittle(name, wholeWeight, "the system gives no more", e);
    }
  }

  private void fill(
      Arithmetic arithmetic, PackedWeights.Chunk chunk, WeightParts parts, float[] scales) {
    Worker worker = workers.mine();
    int inputs = parts.inputs();
    long rowBytes = (long) inputs * arithmetic.factors().bytes();
    MemorySegment staging = worker.rows(chunk.width() * rowBytes);
    float[] values = worker.values(inputs);
    for (int o = 0; o < chunk.outputs(); o++) {
      parts.read(chunk.first() + o, worker.dequantizer(), values, 0);
      scales[chunk.first() + o] =
          arithmetic.narrowWeights(values, 0, inputs, values, staging, o * rowBytes);
    }
    long used = chunk.outputs() * rowBytes;
    staging.asSlice(used, chunk.width() * rowBytes - used).fill((byte) 0);
    worker.pack(chunk.tiles().packing(), staging.address(), chunk.memory().address());
  }
}
