package dev.andante.compute.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The vector width: what the machine prefers, between 128 and 512 bits. */
final class Lanes {

  static final VectorSpecies<Float> FLOATS = floats();
  static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);

  /** Floats in a vector: 4, 8 or 16. */
  static final int COUNT = FLOATS.length();

  private static final VectorShuffle<Float> HALF = rotation(COUNT / 2);
  private static final VectorShuffle<Float> QUARTER = rotation(COUNT / 4);
  private static final VectorShuffle<Float> EIGHTH = rotation(Math.max(1, COUNT / 8));
  private static final VectorShuffle<Float> SIXTEENTH = rotation(1);

  private Lanes() {}

  private static VectorSpecies<Float> floats() {
    return switch (FloatVector.SPECIES_PREFERRED.length()) {
      case 1, 2, 4 -> FloatVector.SPECIES_128;
      case 8 -> FloatVector.SPECIES_256;
      default -> FloatVector.SPECIES_512;
    };
  }

  private static VectorShuffle<Float> rotation(int by) {
    return VectorShuffle.fromOp(FLOATS, lane -> (lane + by) % COUNT);
  }

  /** Sum over the lanes by halving: lane l with l + L/2, then with l + L/4, and so on. */
  static float sum(FloatVector v) {
    FloatVector sum = v.lanewise(VectorOperators.ADD, v.rearrange(HALF));
    sum = sum.lanewise(VectorOperators.ADD, sum.rearrange(QUARTER));
    if (COUNT >= 8) {
      sum = sum.lanewise(VectorOperators.ADD, sum.rearrange(EIGHTH));
    }
    if (COUNT >= 16) {
      sum = sum.lanewise(VectorOperators.ADD, sum.rearrange(SIXTEENTH));
    }
    return sum.lane(0);
  }

  /** The next multiple of the lane count. */
  static int roundUp(int n) {
    return (n + COUNT - 1) / COUNT * COUNT;
  }
}
