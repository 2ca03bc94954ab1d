package dev.andante.compute.cuda;

import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import java.lang.foreign.MemorySegment;

/** Cosines and sines {@code [maxPositions][rotary / 2]} in pairs. */
final class CudaRopeTable implements RopeTable {

  private final RopeParameters parameters;
  private final long address;
  private final CommandQueue owner;

  CudaRopeTable(RopeParameters parameters, CommandQueue queue, Staging staging) {
    if (parameters.maxPositions() < 1) {
      throw new IllegalArgumentException(
          "rope table of " + parameters.maxPositions() + " positions");
    }
    this.parameters = parameters;
    this.owner = queue;
    int pairs = parameters.inverseFrequencies().length;
    long bytes = 8L * parameters.maxPositions() * pairs;
    this.address = queue.device().allocate(bytes, "a rope table").address();
    int chunk = Math.max(1, (1 << 20) / Math.max(1, pairs));
    for (int from = 0; from < parameters.maxPositions(); from += chunk) {
      int to = Math.min(from + chunk, parameters.maxPositions());
      float[] values = new float[2 * pairs * (to - from)];
      int at = 0;
      for (int position = from; position < to; position++) {
        for (int pair = 0; pair < pairs; pair++) {
          values[at++] = parameters.cosine(position, pair);
          values[at++] = parameters.sine(position, pair);
        }
      }
      staging.upload(MemorySegment.ofArray(values), address + 8L * from * pairs);
    }
  }

  static CudaRopeTable of(RopeTable table, CommandQueue queue) {
    if (table instanceof CudaRopeTable mine && mine.owner == queue) {
      return mine;
    }
    throw new IllegalArgumentException(
        "rope table of another backend: " + table.getClass().getSimpleName());
  }

  @Override
  public RopeParameters parameters() {
    return parameters;
  }

  long address() {
    return address;
  }
}
