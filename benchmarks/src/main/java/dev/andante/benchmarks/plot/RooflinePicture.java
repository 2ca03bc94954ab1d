package dev.andante.benchmarks.plot;

import dev.andante.benchmarks.plot.RooflineData.Ceiling;
import dev.andante.benchmarks.plot.RooflineData.Point;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.Rectangle;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/**
 * Rates over FLOP per byte, both logarithmic. Ceilings are lines: memory rises, arithmetic is flat;
 * what is measured lies under them. Ours are filled circles, the best peer's are diamonds, one
 * colour for each line of the table; a thin line joins the two.
 */
final class RooflinePicture {

  private static final int WIDTH = 1400;
  private static final int HEIGHT = 900;
  private static final int LEFT = 100;
  private static final int RIGHT = WIDTH - 40;
  private static final int TOP = 80;
  private static final int BOTTOM = HEIGHT - 90;
  private static final Color GRID = new Color(0xE6E8EC);
  private static final Color INK = new Color(0x222B38);
  private static final Color FAINT = new Color(0x8A94A3);
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x0B6FB8),
          new Color(0xC8501E),
          new Color(0x2E8B57),
          new Color(0x8E44AD),
          new Color(0xB8860B),
          new Color(0x008B8B),
          new Color(0xC2185B),
          new Color(0x5D6D1E),
          new Color(0x455A9E),
          new Color(0x7B4A2D));

  private final RooflineData data;
  private final List<String> lines;
  private final LogAxis x;
  private final LogAxis y;
  private final BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
  private final Graphics2D graphics = image.createGraphics();
  private final Labels labels =
      new Labels(graphics, new Rectangle(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP));

  RooflinePicture(RooflineData data) {
    this.data = data;
    this.lines = data.points().stream().map(Point::line).distinct().toList();
    double least = data.points().stream().mapToDouble(Point::intensity).min().orElse(1);
    double most = data.points().stream().mapToDouble(Point::intensity).max().orElse(1000);
    this.x = new LogAxis(Math.min(1, least / 2), Math.max(2000, most * 2), LEFT, RIGHT);
    double lowest = data.points().stream().mapToDouble(Point::gflops).min().orElse(1);
    double peak =
        data.ceilings().stream()
            .filter(c -> !c.isRead())
            .mapToDouble(Ceiling::value)
            .max()
            .orElse(0);
    double highest =
        Math.max(peak, data.points().stream().mapToDouble(Point::gflops).max().orElse(1));
    this.y = new LogAxis(lowest / 2.5, highest * 2, BOTTOM, TOP);
  }

  BufferedImage draw() {
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, WIDTH, HEIGHT);
    axes();
    data.points().forEach(point -> labels.keepFree(around(point)));
    // What one thread can multiply is left out: it says nothing that the line of all does not.
    data.ceilings().stream()
        .filter(c -> c.isRead() || c.threads() == threads())
        .forEach(this::ceiling);
    legend();
    lines.forEach(this::join);
    data.points().forEach(this::mark);
    lines.forEach(this::label);
    graphics.dispose();
    return image;
  }

  private void axes() {
    font(Font.PLAIN, 15);
    for (double tick : x.ticks()) {
      graphics.setColor(GRID);
      graphics.drawLine(x.at(tick), TOP, x.at(tick), BOTTOM);
      graphics.setColor(INK);
      centred(LogAxis.text(tick), x.at(tick), BOTTOM + 24);
    }
    for (double tick : y.ticks()) {
      graphics.setColor(GRID);
      graphics.drawLine(LEFT, y.at(tick), RIGHT, y.at(tick));
      graphics.setColor(INK);
      String text = LogAxis.text(tick);
      graphics.drawString(
          text, LEFT - 10 - graphics.getFontMetrics().stringWidth(text), y.at(tick) + 5);
    }
    graphics.setStroke(new BasicStroke(1.4f));
    graphics.drawRect(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
    font(Font.PLAIN, 17);
    centred("FLOP per byte of weights and KV cache", (LEFT + RIGHT) / 2, HEIGHT - 26);
    AffineTransform upright = graphics.getTransform();
    graphics.rotate(-Math.PI / 2, 32, (TOP + BOTTOM) / 2.0);
    centred("GFLOP/s", 32, (TOP + BOTTOM) / 2);
    graphics.setTransform(upright);
    font(Font.BOLD, 20);
    graphics.drawString("Roofline: " + data.title(), LEFT, 46);
  }

  /**
   * Memory ends where it meets the highest arithmetic one; arithmetic begins at the fastest memory.
   */
  private void ceiling(Ceiling ceiling) {
    boolean all = ceiling.threads() == threads();
    graphics.setColor(all ? INK : FAINT);
    graphics.setStroke(all ? new BasicStroke(2.4f) : dashes());
    font(Font.PLAIN, 14);
    String name =
        "%s %,.0f %s, %d %s (%s)"
            .formatted(
                ceiling.isRead() ? "read" : ceiling.kind(),
                ceiling.value(),
                ceiling.isRead() ? "GB/s" : "GFLOP/s",
                ceiling.threads(),
                ceiling.threads() == 1 ? "thread" : "threads",
                ceiling.source());
    if (ceiling.isRead()) {
      double from = Math.max(x.low(), y.low() / ceiling.value());
      double to = Math.min(x.high(), best(false, ceiling.threads()) / ceiling.value());
      graphics.draw(line(from, from * ceiling.value(), to, to * ceiling.value()));
      alongside(name, Math.sqrt(from * to), ceiling.value(), all);
    } else {
      double from = Math.min(ceiling.value() / best(true, ceiling.threads()), x.high());
      graphics.draw(line(from, ceiling.value(), x.high(), ceiling.value()));
      besideLine(name, x.at(from), y.at(ceiling.value()) - 7);
    }
  }

  /** Text above a flat line, at its right end, or at its left one where points are in the way. */
  private void besideLine(String text, int lineStart, int baseline) {
    int width = graphics.getFontMetrics().stringWidth(text);
    Rectangle right = new Rectangle(RIGHT - width - 12, baseline - 16, width + 8, 22);
    Rectangle left = new Rectangle(lineStart + 14, baseline - 16, width + 8, 22);
    boolean taken = data.points().stream().map(this::around).anyMatch(right::intersects);
    Rectangle place = taken ? left : right;
    graphics.drawString(text, place.x + 4, baseline);
    labels.keepFree(place);
  }

  /** Text along a rising line: above it, or below. */
  private void alongside(String text, double intensity, double slope, boolean above) {
    double dx = x.at(intensity * 2) - x.at(intensity);
    double dy = y.at(intensity * 2 * slope) - y.at(intensity * slope);
    AffineTransform upright = graphics.getTransform();
    graphics.rotate(Math.atan2(dy, dx), x.at(intensity), y.at(intensity * slope));
    int width = graphics.getFontMetrics().stringWidth(text);
    graphics.drawString(
        text, x.at(intensity) - width / 2, y.at(intensity * slope) + (above ? -9 : 20));
    graphics.setTransform(upright);
    for (double part = -0.5; part <= 0.5; part += 0.1) {
      double length = width * part / Math.hypot(dx, dy);
      int cx = (int) (x.at(intensity) + dx * length);
      int cy = (int) (y.at(intensity * slope) + dy * length);
      labels.keepFree(new Rectangle(cx - 14, cy - (above ? 26 : 0), 28, 26));
    }
  }

  private void legend() {
    font(Font.PLAIN, 15);
    int left = RIGHT - 345;
    int top = BOTTOM - 98;
    graphics.setColor(new Color(0xF7F8FA));
    graphics.fillRect(left, top, 333, 86);
    graphics.setColor(GRID);
    graphics.setStroke(new BasicStroke(1));
    graphics.drawRect(left, top, 333, 86);
    labels.keepFree(new Rectangle(left, top, 333, 86));
    graphics.setColor(INK);
    graphics.fill(new Ellipse2D.Double(left + 18, top + 13, 12, 12));
    graphics.drawString("Andante", left + 52, top + 24);
    graphics.fill(diamond(left + 24, top + 43, 6));
    graphics.drawString("the best peer, same line and colour", left + 52, top + 48);
    graphics.drawString("1.5\u00d7", left + 6, top + 73);
    graphics.drawString("tokens/s, Andante to the peer", left + 52, top + 73);
  }

  private void join(String line) {
    List<Point> both = data.points().stream().filter(p -> p.line().equals(line)).toList();
    if (both.size() == 2) {
      graphics.setColor(colour(line));
      graphics.setStroke(new BasicStroke(1.2f));
      graphics.draw(
          line(
              both.getFirst().intensity(),
              both.getFirst().gflops(),
              both.getLast().intensity(),
              both.getLast().gflops()));
    }
  }

  private void mark(Point point) {
    graphics.setColor(colour(point.line()));
    int px = x.at(point.intensity());
    int py = y.at(point.gflops());
    graphics.fill(point.ours() ? new Ellipse2D.Double(px - 7, py - 7, 14, 14) : diamond(px, py, 7));
  }

  private void label(String line) {
    List<Point> both = data.points().stream().filter(p -> p.line().equals(line)).toList();
    Point upper = both.stream().max((a, b) -> Double.compare(a.gflops(), b.gflops())).orElseThrow();
    double ours = both.stream().filter(Point::ours).mapToDouble(Point::rate).findFirst().orElse(0);
    double peer =
        both.stream().filter(p -> !p.ours()).mapToDouble(Point::rate).findFirst().orElse(0);
    String text =
        ours > 0 && peer > 0
            ? String.format(Locale.ROOT, "%s: %.2f\u00d7", line, ours / peer)
            : line;
    graphics.setColor(colour(line));
    graphics.setStroke(new BasicStroke(1));
    font(Font.BOLD, 15);
    labels.write(text, new java.awt.Point(x.at(upper.intensity()), y.at(upper.gflops())));
  }

  private Rectangle around(Point point) {
    return new Rectangle(x.at(point.intensity()) - 9, y.at(point.gflops()) - 9, 18, 18);
  }

  private int threads() {
    return data.ceilings().stream().mapToInt(Ceiling::threads).max().orElse(1);
  }

  /** The highest ceiling of memory, or of arithmetic, with so many threads. */
  private double best(boolean read, int threads) {
    return data.ceilings().stream()
        .filter(c -> c.isRead() == read && c.threads() == threads)
        .mapToDouble(Ceiling::value)
        .max()
        .orElse(read ? 1 : y.high());
  }

  private Color colour(String line) {
    return COLOURS.get(lines.indexOf(line) % COLOURS.size());
  }

  private Line2D line(double x1, double y1, double x2, double y2) {
    return new Line2D.Double(x.at(x1), y.at(y1), x.at(x2), y.at(y2));
  }

  private static Path2D diamond(double cx, double cy, double r) {
    Path2D path = new Path2D.Double();
    path.moveTo(cx, cy - r);
    path.lineTo(cx + r, cy);
    path.lineTo(cx, cy + r);
    path.lineTo(cx - r, cy);
    path.closePath();
    return path;
  }

  private static BasicStroke dashes() {
    return new BasicStroke(
        1.6f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {7, 5}, 0);
  }

  private void font(int style, int size) {
    graphics.setFont(new Font(Font.SANS_SERIF, style, size));
  }

  private void centred(String text, int centre, int baseline) {
    graphics.drawString(text, centre - graphics.getFontMetrics().stringWidth(text) / 2, baseline);
  }
}
