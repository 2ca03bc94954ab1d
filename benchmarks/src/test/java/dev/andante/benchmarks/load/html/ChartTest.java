package dev.andante.benchmarks.load.html;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ChartTest {

  @Test
  void ticksAreRoundAndWithinTheAxis() {
    assertThat(new Axis("", 0, 1, false).ticks()).hasSize(6).contains(0.0, 1.0);
    assertThat(Axis.upTo("", 1234).ticks()).contains(0.0, 500.0, 1000.0).allMatch(t -> t <= 1260);
    assertThat(Axis.decades("", 0.3, 40).ticks()).containsExactly(0.1, 1.0, 10.0, 100.0);
    assertThat(Axis.text(0.2)).isEqualTo("0.2");
    assertThat(Axis.text(5000)).isEqualTo("5000");
    assertThat(Axis.text(0.001)).isEqualTo("0.001");
  }

  @Test
  void valuesAreAtTheirPlace() {
    assertThat(new Axis("", 0, 10, false).at(5)).isEqualTo(0.5);
    assertThat(new Axis("", 1, 100, true).at(10)).isEqualTo(0.5);
    assertThat(new Axis("", 1, 100, true).at(0)).isZero();
    assertThat(new Axis("", 0, 10, false).at(99)).isEqualTo(1);
  }

  @Test
  void manyPointsAreThinnedToTheirOutline() throws Exception {
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      points.add(new double[] {i, i == 50_000 ? 9 : i % 2});
    }
    Chart chart =
        new Chart(
            "a <b> & \"c\"",
            Axis.upTo("s", 100_000),
            Axis.upTo("n", 9),
            true,
            List.of(new Chart.Line("", points)));
    String svg = chart.svg();
    assertThat(svg.length()).isLessThan(60_000);
    Document read = xml(svg);
    assertThat(read.getDocumentElement().getAttribute("aria-label")).isEqualTo("a <b> & \"c\"");
    assertThat(svg).contains("V38.3"); // the one peak: 9 of 9.18 from the bottom
  }

  @Test
  void nothingToShowIsSaid() throws Exception {
    Chart empty =
        new Chart(
            "t",
            Axis.upTo("s", 0),
            Axis.upTo("n", 0),
            true,
            List.of(new Chart.Line("", List.of())));
    assertThat(xml(empty.svg()).getDocumentElement().getTextContent()).contains("nothing to show");
  }

  private static Document xml(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }
}
