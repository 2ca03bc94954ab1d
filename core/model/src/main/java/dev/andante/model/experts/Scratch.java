package dev.andante.model.experts;

/** Reusable memory for a number of rows. */
interface Scratch extends AutoCloseable {

  /** Rows that fit. */
  int capacity();

  @Override
  void close();
}
