package dev.andante.benchmarks.load.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A range of values on a chart.
 *
 * @param low above 0 if logarithmic
 * @param high above {@code low}
 */
record Axis(String title, double low, double high, boolean logarithmic) {

  private static final int TICKS = 6;

  Axis {
    if (!(high > low) || (logarithmic && !(low > 0))) {
      throw new IllegalArgumentException("no axis from " + low + " to " + high);
    }
  }

  /** From 0 to a little more than the largest value; to 1 if there is none. */
  static Axis upTo(String title, double largest) {
    return new Axis(title, 0, largest > 0 ? largest * 1.02 : 1, false);
  }

  /** Decades around positive values. */
  static Axis decades(String title, double smallest, double largest) {
    double low = Math.pow(10, Math.floor(Math.log10(smallest)));
    double high = Math.pow(10, Math.ceil(Math.log10(largest)));
    return new Axis(title, low, high > low ? high : 10 * low, true);
  }

  /** 0 at the low end, 1 at the high end; values outside are at the ends. */
  double at(double value) {
    double part =
        logarithmic
            ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
            : (value - low) / (high - low);
    return Math.clamp(part, 0, 1);
  }

  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    if (logarithmic) {
      for (double tick = low; tick <= high * 1.001; tick *= 10) {
        ticks.add(tick);
      }
      return ticks;
    }
    double rough = (high - low) / TICKS;
    double decade = Math.pow(10, Math.floor(Math.log10(rough)));
    double step =
        decade * (rough / decade <= 1 ? 1 : rough / decade <= 2 ? 2 : rough / decade <= 5 ? 5 : 10);
    for (int i = (int) Math.ceil(low / step); i * step <= high * 1.0001; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  static String text(double value) {
    return Math.abs(value - Math.rint(value)) < 1e-9
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.3g", value).replaceAll("0+$", "");
  }
}
