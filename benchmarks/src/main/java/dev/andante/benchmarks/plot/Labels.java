package dev.andante.benchmarks.plot;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Point;
import java.awt.Rectangle;
import java.util.ArrayList;
import java.util.List;

/** Texts beside points, each where it covers nothing that was placed or kept free before. */
final class Labels {

  private static final int PAD = 3;

  /** Lets text stand out from lines behind it. */
  private static final Color HALO = new Color(255, 255, 255, 215);

  private static final double[] ANGLES = {-90, -45, 0, 45, 90, -135, 180, 135, -20, 20, -160, 160};

  private final Graphics2D graphics;
  private final Rectangle inside;
  private final List<Rectangle> taken = new ArrayList<>();

  /**
   * @param inside where labels may be
   */
  Labels(Graphics2D graphics, Rectangle inside) {
    this.graphics = graphics;
    this.inside = inside;
  }

  void keepFree(Rectangle area) {
    taken.add(area);
  }

  /** Writes as near to the point as there is room, with a thin line to it if that is not near. */
  void write(String text, Point point) {
    int width = graphics.getFontMetrics().stringWidth(text);
    int height = graphics.getFontMetrics().getAscent();
    Rectangle place = free(point, width, height);
    taken.add(place);
    if (!near(place).contains(point)) {
      graphics.drawLine(
          point.x,
          point.y,
          Math.clamp(point.x, place.x, place.x + place.width),
          Math.clamp(point.y, place.y, place.y + place.height));
    }
    Color ink = graphics.getColor();
    graphics.setColor(HALO);
    graphics.fill(place);
    graphics.setColor(ink);
    graphics.drawString(text, place.x + PAD, place.y + height);
  }

  private static Rectangle near(Rectangle place) {
    return new Rectangle(place.x - 14, place.y - 14, place.width + 28, place.height + 28);
  }

  private Rectangle free(Point point, int width, int height) {
    Rectangle first = null;
    for (int distance = 10; distance < 260; distance += 6) {
      for (double angle : ANGLES) {
        Rectangle place = place(point, width, height, distance, Math.toRadians(angle));
        first = first == null ? place : first;
        if (inside.contains(place) && taken.stream().noneMatch(place::intersects)) {
          return place;
        }
      }
    }
    return first == null ? new Rectangle(point) : first;
  }

  private static Rectangle place(Point point, int width, int height, int distance, double angle) {
    double x = point.x + Math.cos(angle) * (distance + width / 2.0) - width / 2.0;
    double y = point.y + Math.sin(angle) * (distance + height / 2.0) - height / 2.0;
    return new Rectangle((int) x - PAD, (int) y - PAD, width + 2 * PAD, height + 2 * PAD);
  }
}
