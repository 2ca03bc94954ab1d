package dev.andante.compute.onednn;

import dev.andante.compute.Precision;

/** All products in s8. */
class OneDnnS8ConformanceTest extends OneDnnConformance {

  OneDnnS8ConformanceTest() {
    super(Format.S8, Precision.FAST, 1);
  }
}
