package dev.andante.compute.onednn;

import dev.andante.compute.BackendException;
import dev.andante.compute.ComputePool;
import dev.andante.compute.HostTensor;
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
  private final Arena arena;

  /**
   * @param arena where packed weights live
   */
  WeightPacker(ComputePool pool, Workers workers, Kernels kernels, MemoryLimit limit, Arena arena) {
    this.pool = pool;
    this.workers = workers;
    this.kernels = kernels;
    this.limit = limit;
    this.arena = arena;
  }

  /** Rows of several tensors, one after the other. */
  private record Rows(List<HostTensor> parts) {

    int count() {
      return Math.toIntExact(parts.stream().mapToLong(HostTensor::rows).sum());
    }

    int columns() {
      return parts.getFirst().columns();
    }

    void read(int row, Worker worker, float[] target) {
      int index = row;
      for (HostTensor part : parts) {
        if (index < part.rows()) {
          worker.dequantizer().row(part, index, target, 0);
          return;
        }
        index -= part.rows();
      }
      throw new IndexOutOfBoundsException(row);
    }
  }

  /**
   * @param parts matrices with equal inputs, stacked along the outputs
   * @throws BackendException if there is not enough memory
   */
  PackedWeights pack(Arithmetic arithmetic, String name, List<HostTensor> parts) {
    Rows rows = new Rows(parts);
    int outputs = rows.count();
    int inputs = rows.columns();
    PackedWeights.Chunk[] chunks = chunks(arithmetic, name, outputs, inputs);
    float[] scales = new float[outputs];
    pool.run(chunks.length, index -> fill(arithmetic, chunks[index], rows, scales));
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
      return arena.allocate(bytes, ALIGNMENT);
    } catch (OutOfMemoryError e) {
      throw MemoryLimit.tooLittle(name, wholeWeight, "the system gives no more", e);
    }
  }

  private void fill(Arithmetic arithmetic, PackedWeights.Chunk chunk, Rows rows, float[] scales) {
    Worker worker = workers.mine();
    int inputs = rows.columns();
    long rowBytes = (long) inputs * arithmetic.factors().bytes();
    MemorySegment staging = worker.rows(chunk.width() * rowBytes);
    float[] values = worker.values(inputs);
    for (int o = 0; o < chunk.outputs(); o++) {
      rows.read(chunk.first() + o, worker, values);
      scales[chunk.first() + o] =
          arithmetic.narrowWeights(values, 0, inputs, values, staging, o * rowBytes);
    }
    long used = chunk.outputs() * rowBytes;
    staging.asSlice(used, chunk.width() * rowBytes - used).fill((byte) 0);
    worker.pack(chunk.tiles().packing(), staging.address(), chunk.memory().address());
  }
}
