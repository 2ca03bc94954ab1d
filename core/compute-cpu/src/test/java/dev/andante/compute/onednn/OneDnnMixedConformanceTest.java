package dev.andante.compute.onednn;

import dev.andante.compute.Precision;

/** Products of few rows by the other backend. */
class OneDnnMixedConformanceTest extends OneDnnConformance {

  OneDnnMixedConformanceTest() {
    super(Format.BF16, Precision.FAST, 7);
  }
}
