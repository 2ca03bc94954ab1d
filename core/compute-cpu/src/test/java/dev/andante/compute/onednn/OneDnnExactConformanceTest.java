package dev.andante.compute.onednn;

import dev.andante.compute.Precision;

class OneDnnExactConformanceTest extends OneDnnConformance {

  OneDnnExactConformanceTest() {
    super(Format.BF16, Precision.EXACT, 7);
  }
}
