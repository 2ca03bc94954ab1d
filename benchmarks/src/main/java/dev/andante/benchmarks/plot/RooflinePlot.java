package dev.andante.benchmarks.plot;

import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * Draws the roofline of one run of the side-by-side benchmark: {@code RooflinePlot RESULTS.jsonl
 * PICTURE.png}.
 */
public final class RooflinePlot {

  private RooflinePlot() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      System.err.println("usage: RooflinePlot RESULTS.jsonl PICTURE.png");
      System.exit(2);
      return;
    }
    System.setProperty("java.awt.headless", "true");
    RooflineData data = RooflineData.read(Path.of(arguments[0]));
    if (data.points().isEmpty() || data.ceilings().isEmpty()) {
      System.err.println(arguments[0] + " has no lines with an intensity, or no ceilings");
      System.exit(1);
      return;
    }
    ImageIO.write(new RooflinePicture(data).draw(), "png", Path.of(arguments[1]).toFile());
  }
}
