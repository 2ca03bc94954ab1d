package dev.andante.compute.onednn;

import dev.andante.compute.Precision;
import org.junit.jupiter.api.Tag;

/** All products in s8. */
@Tag("slow")
class OneDnnS8ConformanceTest extends OneDnnConformance {

  OneDnnS8ConformanceTest() {
    super(Format.S8, Precision.FAST, 1);
  }
}
