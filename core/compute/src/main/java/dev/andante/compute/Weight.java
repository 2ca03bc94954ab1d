package dev.andante.compute;

/**
 * A parameter in the layout of the backend that loaded it: a matrix {@code [outputs, inputs]} with
 * an optional bias {@code [outputs]}, or a vector ({@code outputs() == 1}). Immutable, shared by
 * all threads, freed with its backend.
 */
public interface Weight {

  String name();

  int outputs();

  int inputs();

  /** Bytes held in the backend's memory for it. */
  long bytes();
}
