package dev.andante.engine.runtime;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.Tensor;

/**
 * Tells a backend that could not do one thing (too little memory, say) from one that can do nothing
 * any more: after a failure it tries the least that a backend can do. Used by one thread at a time.
 */
public final class BackendProbe implements AutoCloseable {

  private static final int COLUMNS = 64;

  private final Backend backend;
  private final Tensor tensor;
  private final float[] values = new float[COLUMNS];

  public BackendProbe(Backend backend) {
    this.backend = backend;
    this.tensor = backend.allocate(1, COLUMNS);
  }

  /**
   * To be asked after each failure of the backend.
   *
   * @throws BackendLostException if nothing works any more
   */
  public void requireAlive() {
    try {
      backend.clear(tensor);
      backend.read(tensor, values);
    } catch (BackendException e) {
      throw new BackendLostException(e);
    }
  }

  @Override
  public void close() {
    tensor.close();
  }
}
