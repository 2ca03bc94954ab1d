package dev.andante.compute.cuda;

import dev.andante.compute.DType;

/**
 * A run of outputs of a weight that share a layout. Addresses that a layout does not have are 0.
 *
 * @param firstOutput where its outputs begin in the weight
 * @param data the packed values, or rows of floats
 * @param source rows in the file's format where look-ups need them
 */
record CudaMatrix(
    WeightKind kind,
    DType dtype,
    int firstOutput,
    int outputs,
    int inputs,
    long data,
    long scales,
    long minima,
    long source) {

  /** Groups of 64 inputs, the last one padded. */
  int steps() {
    return Math.ceilDiv(inputs, WeightKind.STEP_INPUTS);
  }

  /**
   * Steps whose products are summed on their own before the segments are added up: the unit in
   * which work on one output is shared out. Fixed by the shape, so that the result is.
   */
  int segmentSteps() {
    return inputs >= 8192 ? 16 : inputs >= 4096 ? 8 : 4;
  }

  int segments() {
    return Math.ceilDiv(steps(), segmentSteps());
  }

  /** Groups of 16 outputs, the last one padded. */
  int tiles() {
    return Math.ceilDiv(outputs, WeightKind.STEP_OUTPUTS);
  }
}
