package dev.andante.host.model;

/** Ends the process; replaced in tests. */
@FunctionalInterface
public interface ProcessExit {

  /** Status of a process that could not start. */
  int CANNOT_START = 1;

  void exit(int status);
}
