package dev.andante.compute.host;

import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import java.lang.foreign.MemorySegment;

/** Cosines and sines {@code [maxPositions][rotary / 2]}. */
public final class HostRopeTable implements RopeTable {

  private final RopeParameters parameters;
  private final int pairs;
  private final float[] cosines;
  private final float[] sines;
  private final MemorySegment cosineSegment;
  private final MemorySegment sineSegment;

  public HostRopeTable(RopeParameters parameters) {
    if (parameters.maxPositions() < 1) {
      throw new IllegalArgumentException(
          "rope table of " + parameters.maxPositions() + " positions");
    }
    this.parameters = parameters;
    this.pairs = parameters.inverseFrequencies().length;
    this.cosines = new float[Math.multiplyExact(parameters.maxPositions(), pairs)];
    this.sines = new float[cosines.length];
    this.cosineSegment = MemorySegment.ofArray(cosines);
    this.sineSegment = MemorySegment.ofArray(sines);
    for (int position = 0; position < parameters.maxPositions(); position++) {
      for (int pair = 0; pair < pairs; pair++) {
        cosines[position * pairs + pair] = parameters.cosine(position, pair);
        sines[position * pairs + pair] = parameters.sine(position, pair);
      }
    }
  }

  static HostRopeTable of(RopeTable table) {
    if (table instanceof HostRopeTable host) {
      return host;
    }
    throw new IllegalArgumentException(
        "rope table of another backend: " + table.getClass().getSimpleName());
  }

  @Override
  public RopeParameters parameters() {
    return parameters;
  }

  /** {@code [maxPositions][rotary / 2]}; not to be written to. */
  public float[] cosines() {
    return cosines;
  }

  /** {@code [maxPositions][rotary / 2]}; not to be written to. */
  public float[] sines() {
    return sines;
  }

  /** {@link #cosines} as memory that native kernels can be given. */
  public MemorySegment cosineSegment() {
    return cosineSegment;
  }

  /** {@link #sines} as memory that native kernels can be given. */
  public MemorySegment sineSegment() {
    return sineSegment;
  }

  /** Rotates one head, {@code x[at … at + headDim)}, in place. */
  public void rotate(float[] x, int at, int position) {
    boolean halves = parameters.style() == RopeParameters.Style.HALVES;
    for (int pair = 0; pair < pairs; pair++) {
      int first = at + (halves ? pair : 2 * pair);
      int second = halves ? first + pairs : first + 1;
      float cosine = cosines[position * pairs + pair];
      float sine = sines[position * pairs + pair];
      float a = x[first];
      float b = x[second];
      x[first] = a * cosine - b * sine;
      x[second] = b * cosine + a * sine;
    }
  }
}
