package dev.andante.compute.onednn;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.testkit.BackendConformance;

/** The conformance suite in one format and precision. */
abstract class OneDnnConformance extends BackendConformance {

  private final Format format;
  private final Precision precision;
  private final int manyRows;

  OneDnnConformance(Format format, Precision precision, int manyRows) {
    this.format = format;
    this.precision = precision;
    this.manyRows = manyRows;
  }

  @Override
  protected final Backend open(ComputePool pool) {
    return OneDnnTests.backend(pool, format, precision, manyRows);
  }

  /**
   * The suite compares single results too, where the sum is small against its terms. {@link
   * OneDnnAccuracyTest} holds products to a closer limit.
   */
  @Override
  protected final double matmulLimit() {
    return precision == Precision.FAST && format == Format.S8 ? 0.15 : 3e-3;
  }

  @Override
  protected final double matmulLimit(int values) {
    return matmulLimit() * Math.max(1, 64.0 / values);
  }

  /** As the backend for all the rest does it. */
  @Override
  protected final double attentionLimit() {
    return precision == Precision.FAST ? 1e-4 : 1e-10;
  }

  @Override
  protected final double tableLimit() {
    return precision == Precision.FAST ? 1e-6 : super.tableLimit();
  }
}
