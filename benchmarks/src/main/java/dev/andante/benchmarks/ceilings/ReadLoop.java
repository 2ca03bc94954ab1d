package dev.andante.benchmarks.ceilings;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Reads memory and does as little as possible with it. */
final class ReadLoop {

  private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;
  private static final int BYTES = LONGS.vectorByteSize();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Bytes of one round of the loop. */
  static final int STEP = 8 * BYTES;

  private ReadLoop() {}

  /**
   * Reads {@code n} bytes, a multiple of {@link #STEP}, from {@code from} on; their sum, which the
   * caller must use, or the loop may be optimised away.
   */
  static long run(MemorySegment memory, long from, long n) {
    LongVector a = LongVector.zero(LONGS);
    LongVector b = a;
    LongVector c = a;
    LongVector d = a;
    for (long i = from; i < from + n; i += STEP) {
      a = a.add(LongVector.fromMemorySegment(LONGS, memory, i, ORDER));
      b = b.add(LongVector.fromMemorySegment(LONGS, memory, i + BYTES, ORDER));
      c = c.add(LongVector.fromMemorySegment(LONGS, memory, i + 2L * BYTES, ORDER));
      d = d.add(LongVector.fromMemorySegment(LONGS, memory, i + 3L * BYTES, ORDER));
      a = a.add(LongVector.fromMemorySegment(LONGS, memory, i + 4L * BYTES, ORDER));
      b = b.add(LongVector.fromMemorySegment(LONGS, memory, i + 5L * BYTES, ORDER));
      c = c.add(LongVector.fromMemorySegment(LONGS, memory, i + 6L * BYTES, ORDER));
      d = d.add(LongVector.fromMemorySegment(LONGS, memory, i + 7L * BYTES, ORDER));
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
  }
}
