package dev.andante.model;

import dev.andante.compute.Tensor;

/**
 * Runs the chosen experts of one MoE layer, here or elsewhere. Called by the thread that runs the
 * forward pass; calls of several threads may overlap.
 */
public interface ExpertExecutor extends AutoCloseable {

  /**
   * {@code out[r] = Σ_j routing.weight(r, j) · Expert_{routing.expert(r, j)}(x[r])}, summed in
   * ascending order of the expert id, so that local and remote execution add in the same order.
   *
   * @param layer transformer block
   * @param x {@code [rows, hidden]}, already normalised
   * @param out {@code [rows, hidden]}, overwritten
   * @throws ExpertUnavailableException if an expert cannot be reached in time; the pass fails as a
   *     whole
   */
  void apply(int layer, Tensor x, Routing routing, Tensor out);

  @Override
  void close();
}
