package dev.andante.compute.onednn;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Multiplies converted rows: a task takes one chunk of the weights and up to {@link
 * RowTiles#MOST_ROWS} rows. Reused as {@link NarrowingTask} is.
 */
final class ProductTask implements ComputePool.Task {

  private @Nullable Product product;
  private @Nullable NarrowingTask source;
  private float[] out = new float[0];
  private int outAt;
  private int outStride;
  private int rows;
  private int groups;
  private boolean add;

  void run(ComputePool pool, Product with, NarrowingTask narrowed, HostMatrix target, boolean sum) {
    product = with;
    source = narrowed;
    out = target.data();
    outAt = target.offset(0);
    outStride = target.stride();
    rows = target.rows();
    groups = (rows + RowTiles.MOST_ROWS - 1) / RowTiles.MOST_ROWS;
    add = sum;
    pool.run(with.weights().chunks().length * groups, this);
  }

  @Override
  public void run(int task) {
    Product with = Objects.requireNonNull(product);
    int first = task % groups * RowTiles.MOST_ROWS;
    multiply(with, with.weights().chunks()[task / groups], first);
  }

  private void multiply(Product with, PackedWeights.Chunk chunk, int first) {
    NarrowingTask narrowed = Objects.requireNonNull(source);
    Arithmetic arithmetic = with.arithmetic();
    Worker worker = with.workers().mine();
    int end = Math.min(rows, first + RowTiles.MOST_ROWS);
    long sumBytes = (long) chunk.width() * arithmetic.sums().bytes();
    for (int r = first; r < end; ) {
      RowTiles.Tile tile = chunk.tiles().first(end - r);
      MemorySegment sums = worker.sums(tile.rows() * sumBytes);
      worker.multiply(tile.kernel(), narrowed.address(r), chunk.memory().address(), sums.address());
      int n = Math.min(tile.rows(), end - r);
      for (int i = 0; i < n; i++) {
        arithmetic.store(
            sums,
            i * sumBytes,
            chunk.outputs(),
            narrowed.scale(r + i),
            with.weights().scales(),
            with.bias(),
            chunk.first(),
            out,
            outAt + (r + i) * outStride + chunk.first(),
            add);
      }
      r += n;
    }
  }
}
