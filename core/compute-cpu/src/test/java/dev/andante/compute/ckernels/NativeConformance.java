package dev.andante.compute.ckernels;

import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.testkit.BackendConformance;

/** The conformance suite on one instruction set, in one precision. */
abstract class NativeConformance extends BackendConformance {

  private final Precision precision;
  private final InstructionSet set;

  NativeConformance(Precision precision, InstructionSet set) {
    this.precision = precision;
    this.set = set;
  }

  @Override
  protected final Backend open(ComputePool pool) {
    assumeThat(KernelLibrary.unavailableReason()).as("the native kernels").isEmpty();
    assumeThat(KernelLibrary.best()).as("instruction set").isGreaterThanOrEqualTo(set);
    return new NativeBackend(pool, precision, set);
  }

  /**
   * Eight bits with a scale for 32 inputs: a step is 1/127 of the largest of them. On tiles, bf16
   * of both factors, which {@link TilesTest} holds to a closer limit.
   */
  @Override
  protected final double matmulLimit() {
    return precision == Precision.EXACT ? 1e-10 : set == InstructionSet.AMX ? 3e-4 : 2e-4;
  }

  @Override
  protected final double matmulLimit(int values) {
    return precision == Precision.FAST ? matmulLimit() * Math.max(1, 64.0 / values) : matmulLimit();
  }

  @Override
  protected final double attentionLimit() {
    return set.forAttention(precision).compareTo(InstructionSet.AVX512_BF16) >= 0 ? 1e-4 : 1e-10;
  }

  /** Scales that are products of two numbers are kept in f16. */
  @Override
  protected final double tableLimit() {
    return precision == Precision.FAST ? 1e-6 : super.tableLimit();
  }
}
