package dev.andante.benchmarks.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Maps a range of positive numbers to pixels, powers of ten at equal distances. */
record LogAxis(double low, double high, int from, int to) {

  int at(double value) {
    double part = Math.log(value / low) / Math.log(high / low);
    return (int) Math.round(from + part * (to - from));
  }

  /** 1, 2 and 5 of each decade inside the range. */
  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (int decade = (int) Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
      for (int digit : new int[] {1, 2, 5}) {
        double tick = digit * Math.pow(10, decade);
        if (tick >= low * 0.999 && tick <= high * 1.001) {
          ticks.add(tick);
        }
      }
    }
    return ticks;
  }

  static String text(double tick) {
    return tick >= 1
        ? String.format(Locale.ROOT, "%,.0f", tick).replace(',', '\u2009')
        : String.format(Locale.ROOT, "%.1g", tick);
  }
}
