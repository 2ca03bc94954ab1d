package dev.andante.model;

/** Activations of one forward pass at a time, allocated once. Belongs to one thread. */
public interface Workspace extends AutoCloseable {

  int maxRows();

  int maxLogitRows();

  @Override
  void close();
}
