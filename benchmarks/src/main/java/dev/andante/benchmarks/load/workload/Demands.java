package dev.andante.benchmarks.load.workload;

import java.util.List;
import java.util.random.RandomGenerator;

/** What each request asks for; the same for the same index. */
@FunctionalInterface
public interface Demands {

  /**
   * @param index of the request, from 0
   */
  Demand of(long index);

  /** Each length of its own between two. */
  static Demands uniform(Span prompt, Span output, long seed) {
    return index -> {
      RandomGenerator random = Seeds.random(seed, index);
      return new Demand(prompt.draw(random), output.draw(random));
    };
  }

  /** Those of a trace in its order, from the beginning again after the last. */
  static Demands of(List<TraceRow> rows) {
    return index -> rows.get((int) (index % rows.size())).demand();
  }
}
