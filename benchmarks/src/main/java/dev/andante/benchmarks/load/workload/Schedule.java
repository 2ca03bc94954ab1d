package dev.andante.benchmarks.load.workload;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Arrivals of an open loop, all known before the first is sent. */
public final class Schedule {

  private static final double NANOS = 1e9;
  private static final long ARRIVAL_TIMES = -1; // a purpose that no request's index has

  private Schedule() {}

  /**
   * @param seconds arrivals at or after this are left out
   * @param most as are those beyond so many
   */
  public static List<Arrival> random(
      Gaps gaps, Demands demands, long seed, double seconds, long most) {
    RandomGenerator random = Seeds.random(seed, ARRIVAL_TIMES);
    List<Arrival> arrivals = new ArrayList<>();
    double at = gaps.next(random);
    while (at < seconds && arrivals.size() < most) {
      long index = arrivals.size();
      arrivals.add(new Arrival(index, (long) (at * NANOS), demands.of(index)));
      at += gaps.next(random);
    }
    return arrivals;
  }

  /**
   * The times of a trace.
   *
   * @param timeScale what times are multiplied with: 0.5 is twice as fast
   */
  public static List<Arrival> replay(
      List<TraceRow> rows, Demands demands, double timeScale, double seconds, long most) {
    List<Arrival> arrivals = new ArrayList<>();
    double first = rows.getFirst().arrivalSeconds();
    for (TraceRow row : rows) {
      double at = (row.arrivalSeconds() - first) * timeScale;
      if (at >= seconds || arrivals.size() >= most) {
        break;
      }
      long index = arrivals.size();
      arrivals.add(new Arrival(index, (long) (at * NANOS), demands.of(index)));
    }
    return arrivals;
  }
}
