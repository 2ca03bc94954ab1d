package dev.andante.qoe.latency;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class NonNegativeLeastSquaresTest {

  /** The conditions of Karush, Kuhn and Tucker hold, which for a convex problem is the optimum. */
  @Property
  void isTheConstrainedMinimum(@ForAll long seed) {
    Random random = new Random(seed);
    double[][] a = new double[3][3];
    double[] b = new double[3];
    for (int sample = 0; sample < 5; sample++) {
      double[] x = {random.nextDouble(), random.nextDouble(), random.nextDouble()};
      double y = random.nextGaussian();
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          a[i][j] += x[i] * x[j];
        }
        b[i] += x[i] * y;
      }
    }
    for (int i = 0; i < 3; i++) {
      a[i][i] += 0.01;
    }
    double[] x = NonNegativeLeastSquares.solve(a, b);
    for (int i = 0; i < 3; i++) {
      double gradient = a[i][0] * x[0] + a[i][1] * x[1] + a[i][2] * x[2] - b[i];
      assertThat(x[i]).isNotNegative();
      assertThat(gradient).isGreaterThan(-1e-9);
      assertThat(x[i] * gradient).isLessThan(1e-9);
    }
  }
}
