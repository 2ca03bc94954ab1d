package dev.andante.compute.onednn;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import org.jspecify.annotations.Nullable;

/**
 * The product of f32 rows and packed weights; bias and the sum that a product is added to are taken
 * in where sums become f32.
 *
 * @param bias one for each output, or null
 * @param usage of the native objects that all of these need
 */
record Product(
    PackedWeights weights,
    float @Nullable [] bias,
    Arithmetic arithmetic,
    Workers workers,
    Usage usage,
    ComputePool pool) {

  /**
   * {@code out = x · Wᵀ + bias}, or {@code out += …} if {@code add}.
   *
   * @throws IllegalStateException if the backend is closed
   */
  void multiply(HostMatrix x, HostMatrix out, boolean add) {
    if (x.rows() == 0) {
      return;
    }
    usage.enter();
    try {
      Worker worker = workers.mine();
      NarrowingTask narrowing = worker.narrowing();
      narrowing.run(pool, arithmetic, workers, worker, x, idleRows(x.rows()));
      worker.product().run(pool, this, narrowing, out, add);
    } finally {
      usage.leave();
    }
  }

  private int idleRows(int rows) {
    int idle = 0;
    for (PackedWeights.Chunk chunk : weights.chunks()) {
      idle = Math.max(idle, chunk.tiles().idleRows(rows));
    }
    return idle;
  }

  long bytes() {
    float[] offsets = bias;
    return weights.bytes() + (offsets == null ? 0 : (long) Float.BYTES * offsets.length);
  }
}
