package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Random;

/**
 * Another backend whose results are noisy in the fast precision, and that counts what it computes.
 * For one thread.
 */
final class NoisyBackend implements InvocationHandler {

  private final Backend exact;
  private final float noise;
  private final int manyRows;
  private final Random random = new Random(1);
  private Precision precision = Precision.FAST;
  private int passes;
  private boolean closed;

  /**
   * @param noise standard deviation of what is added to values that are read, of {@code manyRows}
   *     rows or more
   */
  NoisyBackend(Backend exact, float noise, int manyRows) {
    this.exact = exact;
    this.noise = noise;
    this.manyRows = manyRows;
  }

  Backend backend() {
    return (Backend)
        Proxy.newProxyInstance(
            NoisyBackend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
  }

  /** Forward passes so far. */
  int passes() {
    return passes;
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    switch (method.getName()) {
      case "precision" -> {
        return precision;
      }
      case "setPrecision" -> {
        precision = (Precision) arguments[0];
        return null;
      }
      case "manyRows" -> {
        return precision == Precision.FAST ? manyRows : Integer.MAX_VALUE;
      }
      case "embed" -> passes++;
      case "close" -> closed = true;
      default -> {}
    }
    try {
      Object result = method.invoke(exact, arguments);
      if (method.getName().equals("read")
          && precision == Precision.FAST
          && ((Tensor) arguments[0]).rows() >= manyRows) {
        addNoise((float[]) arguments[1]);
      }
      return result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private void addNoise(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] += (float) (noise * random.nextGaussian());
    }
  }
}
