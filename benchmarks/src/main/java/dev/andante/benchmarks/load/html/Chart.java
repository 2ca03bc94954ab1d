package dev.andante.benchmarks.load.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Lines over two axes, as inline SVG that takes its colours from the page.
 *
 * @param steps whether a value holds until the next point, rather than changing evenly
 */
record Chart(String title, Axis x, Axis y, boolean steps, List<Line> lines) {

  /**
   * @param points x and y, in the order of x
   */
  record Line(String name, List<double[]> points) {}

  private static final int WIDTH = 640;
  private static final int HEIGHT = 300;
  private static final int LEFT = 62;
  private static final int RIGHT = 16;
  private static final int TOP = 34;
  private static final int BOTTOM = 46;

  String svg() {
    StringBuilder svg = new StringBuilder();
    svg.append(
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n"
            .formatted(WIDTH, HEIGHT, Text.escaped(title)));
    text(svg, LEFT, 18, "title", title);
    grid(svg);
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      svg.append("<path class=\"line c%d\" d=\"%s\"/>\n".formatted(i, path(line.points())));
      if (lines.size() > 1) {
        legend(svg, i, line.name());
      }
    }
    if (lines.stream().allMatch(line -> line.points().isEmpty())) {
      text(svg, LEFT + 20, HEIGHT / 2, "label", "nothing to show");
    }
    return svg.append("</svg>\n").toString();
  }

  private void legend(StringBuilder svg, int index, String name) {
    int at = WIDTH - RIGHT - 130 * (lines.size() - index);
    svg.append("<path class=\"line c%d\" d=\"M%d 14h22\"/>\n".formatted(index, at));
    text(svg, at + 28, 18, "label", name);
  }

  private void grid(StringBuilder svg) {
    for (double tick : x.ticks()) {
      double at = left(tick);
      svg.append("<path class=\"grid\" d=\"M%s %dV%d\"/>\n".formatted(n(at), TOP, HEIGHT - BOTTOM));
      text(svg, at, HEIGHT - BOTTOM + 16, "tick middle", Axis.text(tick));
    }
    for (double tick : y.ticks()) {
      double at = top(tick);
      svg.append("<path class=\"grid\" d=\"M%d %sH%d\"/>\n".formatted(LEFT, n(at), WIDTH - RIGHT));
      text(svg, LEFT - 6, at + 4, "tick end", Axis.text(tick));
    }
    text(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, "label middle", x.title());
    int middle = (TOP + HEIGHT - BOTTOM) / 2;
    svg.append(
        "<text class=\"label middle\" transform=\"translate(14 %d) rotate(-90)\">%s</text>\n"
            .formatted(middle, Text.escaped(y.title())));
  }

  private String path(List<double[]> points) {
    StringBuilder path = new StringBuilder();
    for (double[] point : thinned(points)) {
      String at = n(left(point[0]));
      String height = n(top(point[1]));
      if (path.isEmpty()) {
        path.append('M').append(at).append(' ').append(height);
      } else if (steps) {
        path.append('H').append(at).append('V').append(height);
      } else {
        path.append('L').append(at).append(' ').append(height);
      }
    }
    return path.toString();
  }

  /** Of each pixel's points the first, the lowest, the highest and the last, in their order. */
  private List<double[]> thinned(List<double[]> points) {
    List<double[]> kept = new ArrayList<>();
    int from = 0;
    while (from < points.size()) {
      long pixel = Math.round(left(points.get(from)[0]));
      int low = from;
      int high = from;
      int to = from;
      for (; to < points.size() && Math.round(left(points.get(to)[0])) == pixel; to++) {
        low = points.get(to)[1] < points.get(low)[1] ? to : low;
        high = points.get(to)[1] > points.get(high)[1] ? to : high;
      }
      int last = to - 1;
      IntStream.of(from, low, high, last)
          .sorted()
          .distinct()
          .mapToObj(points::get)
          .forEach(kept::add);
      from = to;
    }
    return kept;
  }

  private double left(double value) {
    return LEFT + x.at(value) * (WIDTH - LEFT - RIGHT);
  }

  private double top(double value) {
    return HEIGHT - BOTTOM - y.at(value) * (HEIGHT - TOP - BOTTOM);
  }

  private static void text(StringBuilder svg, double x, double y, String style, String text) {
    svg.append(
        "<text x=\"%s\" y=\"%s\" class=\"%s\">%s</text>\n"
            .formatted(n(x), n(y), style, Text.escaped(text)));
  }

  private static String n(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
