package dev.andante.compute;

/**
 * An f32 matrix of activations in the memory of the backend that allocated it. Views share that
 * memory and are cheap; only the tensor that {@link Backend#allocate} returned owns it, and closing
 * that one ends its views.
 *
 * <p>A tensor is used by one thread at a time.
 */
public interface Tensor extends AutoCloseable {

  int rows();

  int columns();

  /** The first {@code n} rows. */
  Tensor rows(int n);

  /** Columns {@code [from, to)} of every row; the rows of the view are not contiguous. */
  Tensor columns(int from, int to);

  /** Frees the memory; no effect on a view or a second time. */
  @Override
  void close();
}
