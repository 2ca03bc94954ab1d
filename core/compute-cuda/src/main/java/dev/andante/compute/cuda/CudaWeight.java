package dev.andante.compute.cuda;

import dev.andante.compute.Weight;
import java.util.List;

/**
 * A parameter on the device.
 *
 * @param matrices covers the outputs in order
 * @param bias address of {@code [outputs]} floats, or 0
 * @param owner the queue of the backend that loaded it
 */
record CudaWeight(
    String name,
    int outputs,
    int inputs,
    long bytes,
    List<CudaMatrix> matrices,
    long bias,
    CommandQueue owner)
    implements Weight {

  static CudaWeight of(Weight weight, CommandQueue queue) {
    if (weight instanceof CudaWeight mine && mine.owner == queue) {
      return mine;
    }
    throw new IllegalArgumentException(weight.name() + " was loaded by another backend");
  }

  /**
   * Address of the floats of a vector.
   *
   * @throws IllegalArgumentException if this is not a vector of n
   */
  long vector(String what, int n) {
    CudaMatrix only = matrices.getFirst();
    if (outputs != 1 || inputs != n || only.kind() != WeightKind.F32) {
      throw new IllegalArgumentException(
          what + " " + name + " is [" + outputs + ", " + inputs + "], not [" + n + "]");
    }
    return only.data();
  }
}
