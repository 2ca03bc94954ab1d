package dev.andante.qoe.latency;

/**
 * Minimises {@code ½xᵀAx - bᵀx} over {@code x >= 0} for a small positive definite A, exactly, by
 * trying every set of coordinates that may be positive.
 */
final class NonNegativeLeastSquares {

  private NonNegativeLeastSquares() {}

  static double[] solve(double[][] a, double[] b) {
    int n = b.length;
    double[] best = new double[n];
    double least = 0; // of x = 0
    for (int set = 1; set < 1 << n; set++) {
      double[] x = solveWithin(set, a, b);
      double value = value(a, b, x);
      if (value < least && feasible(x)) {
        least = value;
        best = x;
      }
    }
    return best;
  }

  /** The minimum over the coordinates in a set, the others being 0: Gauss, pivots as they come. */
  private static double[] solveWithin(int set, double[][] a, double[] b) {
    int n = b.length;
    double[][] m = new double[n][n + 1];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        m[i][j] = in(set, i) && in(set, j) ? a[i][j] : i == j ? 1 : 0;
      }
      m[i][n] = in(set, i) ? b[i] : 0;
    }
    for (int pivot = 0; pivot < n; pivot++) {
      for (int row = pivot + 1; row < n; row++) {
        double factor = m[row][pivot] / m[pivot][pivot];
        for (int column = pivot; column <= n; column++) {
          m[row][column] -= factor * m[pivot][column];
        }
      }
    }
    double[] x = new double[n];
    for (int row = n - 1; row >= 0; row--) {
      double sum = m[row][n];
      for (int column = row + 1; column < n; column++) {
        sum -= m[row][column] * x[column];
      }
      x[row] = sum / m[row][row];
    }
    return x;
  }

  private static boolean in(int set, int coordinate) {
    return (set >> coordinate & 1) == 1;
  }

  /** False for NaN too. */
  private static boolean feasible(double[] x) {
    for (double one : x) {
      if (!(one >= 0)) {
        return false;
      }
    }
    return true;
  }

  private static double value(double[][] a, double[] b, double[] x) {
    double value = 0;
    for (int i = 0; i < b.length; i++) {
      double row = 0;
      for (int j = 0; j < b.length; j++) {
        row += a[i][j] * x[j];
      }
      value += x[i] * (row / 2 - b[i]);
    }
    return value;
  }
}
