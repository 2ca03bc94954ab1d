package dev.andante.benchmarks.load.measure;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many requests waited for their first token and were open, and tokens that came each second.
 */
public final class OverTime {

  private static final int WAITING = 0;
  private static final int OPEN = 1;

  private final long startNanos;
  private final List<long[]> steps = new ArrayList<>(); // when, change of waiting, change of open
  private final Map<Integer, Integer> tokens = new TreeMap<>();

  OverTime(long startNanos) {
    this.startNanos = startNanos;
  }

  void add(Reception reception) {
    if (reception.outcome() == Outcome.UNSENT) {
      return;
    }
    steps.add(new long[] {reception.dueNanos(), 1, 1});
    steps.add(new long[] {reception.firstNanos(), -1, 0});
    steps.add(new long[] {reception.endNanos(), 0, -1});
    Deliveries deliveries = reception.deliveries();
    for (int i = 0; i < deliveries.size(); i++) {
      int second = (int) ((deliveries.atNanos(i) - startNanos) / 1_000_000_000L);
      tokens.merge(second, deliveries.tokens(i), Integer::sum);
    }
  }

  /** Seconds after the start, and how many were due and had no token yet. */
  public List<double[]> waiting() {
    return sums(WAITING);
  }

  /** Seconds after the start, and how many were due and had not ended. */
  public List<double[]> open() {
    return sums(OPEN);
  }

  /** Most that were due and had not ended. */
  public int mostOpen() {
    return (int) open().stream().mapToDouble(point -> point[1]).max().orElse(0);
  }

  /** Seconds after the start, and tokens that came in the second from then on. */
  public List<double[]> tokensPerSecond() {
    List<double[]> points = new ArrayList<>();
    int last = tokens.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
    for (int second = 0; second <= last; second++) {
      points.add(new double[] {second, tokens.getOrDefault(second, 0)});
    }
    points.add(new double[] {last + 1, 0});
    return points;
  }

  /** All that came. */
  public long tokens() {
    return tokens.values().stream().mapToLong(Integer::longValue).sum();
  }

  private List<double[]> sums(int column) {
    List<double[]> points = new ArrayList<>();
    long sum = 0;
    for (long[] step : steps.stream().sorted(Comparator.comparingLong(step -> step[0])).toList()) {
      long change = step[1 + column];
      if (change != 0) {
        sum += change;
        points.add(new double[] {(step[0] - startNanos) / 1e9, sum});
      }
    }
    return points;
  }
}
