package dev.andante.model.experts;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** How {@link RemoteExperts} reaches shards. Implementations are safe for several threads. */
public interface ExpertTransport extends AutoCloseable {

  /** The shards that can be reached now; those that hold the same experts share the work. */
  List<ExpertShard> shards();

  /**
   * Sends rows to a shard, grouped by expert.
   *
   * @param experts ids, ascending, all held by the shard
   * @param rowsPerExpert how many rows each expert gets
   * @param activations {@code [Σ rowsPerExpert, hidden]}, not used again by the caller
   * @return the experts' outputs in the same order and shape, not yet weighted; completes with an
   *     exception if the shard fails or is lost. Cancelling it means that nobody waits any more
   */
  CompletableFuture<float[]> send(
      ExpertShard shard, int layer, int[] experts, int[] rowsPerExpert, float[] activations);

  @Override
  void close();
}
