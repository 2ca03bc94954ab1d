package dev.andante.engine.tiers;

import java.io.IOException;
import java.nio.file.Path;

/** A process that has a file until it is killed, or its input ends. */
final class DiskFileHolder {

  private DiskFileHolder() {}

  /** Prints the file's path. */
  @SuppressWarnings("SystemOut") // its parent reads it
  public static void main(String[] arguments) throws IOException {
    try (DiskFile file = DiskFile.create(Path.of(arguments[0]), 100)) {
      System.out.println(file.path());
      int end = System.in.read();
      if (end >= 0) {
        throw new IllegalStateException("nobody was to write here");
      }
    }
  }
}
