package dev.andante.compute;

/**
 * A {@link Batch} whose index data is where the backend needs it: positions, slots and block tables
 * are computed or uploaded once and used by every layer. Made by {@link Backend#bind}; used by one
 * thread; closed after the pass.
 */
public interface BoundBatch extends AutoCloseable {

  Batch batch();

  @Override
  void close();
}
