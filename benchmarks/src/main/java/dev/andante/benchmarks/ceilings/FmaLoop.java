package dev.andante.benchmarks.ceilings;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Fused multiply-adds on twelve independent registers: enough to hide their latency. */
final class FmaLoop {

  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final int REGISTERS = 12;

  private FmaLoop() {}

  static long flops(int iterations) {
    return 2L * REGISTERS * FLOATS.length() * iterations;
  }

  /** The sum of all registers, which the caller must use, or the loop may be optimised away. */
  static float run(int iterations) {
    return loop(iterations, 0.999f, 1e-3f);
  }

  /** {@code factor < 1} keeps the values near {@code addend / (1 - factor)}: no denormals. */
  private static float loop(int iterations, float factor, float addend) {
    FloatVector f = FloatVector.broadcast(FLOATS, factor);
    FloatVector c = FloatVector.broadcast(FLOATS, addend);
    FloatVector r0 = FloatVector.broadcast(FLOATS, 0.1f);
    FloatVector r1 = FloatVector.broadcast(FLOATS, 0.2f);
    FloatVector r2 = FloatVector.broadcast(FLOATS, 0.3f);
    FloatVector r3 = FloatVector.broadcast(FLOATS, 0.4f);
    FloatVector r4 = FloatVector.broadcast(FLOATS, 0.5f);
    FloatVector r5 = FloatVector.broadcast(FLOATS, 0.6f);
    FloatVector r6 = FloatVector.broadcast(FLOATS, 0.7f);
    FloatVector r7 = FloatVector.broadcast(FLOATS, 0.8f);
    FloatVector r8 = FloatVector.broadcast(FLOATS, 0.9f);
    FloatVector r9 = FloatVector.broadcast(FLOATS, 1.1f);
    FloatVector r10 = FloatVector.broadcast(FLOATS, 1.2f);
    FloatVector r11 = FloatVector.broadcast(FLOATS, 1.3f);
    for (int i = 0; i < iterations; i++) {
      r0 = r0.fma(f, c);
      r1 = r1.fma(f, c);
      r2 = r2.fma(f, c);
      r3 = r3.fma(f, c);
      r4 = r4.fma(f, c);
      r5 = r5.fma(f, c);
      r6 = r6.fma(f, c);
      r7 = r7.fma(f, c);
      r8 = r8.fma(f, c);
      r9 = r9.fma(f, c);
      r10 = r10.fma(f, c);
      r11 = r11.fma(f, c);
    }
    return r0.add(r1)
        .add(r2.add(r3))
        .add(r4.add(r5))
        .add(r6.add(r7))
        .add(r8.add(r9))
        .add(r10.add(r11))
        .reduceLanes(VectorOperators.ADD);
  }
}
