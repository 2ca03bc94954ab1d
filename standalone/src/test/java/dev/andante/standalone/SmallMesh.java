package dev.andante.standalone;

import java.util.Arrays;
import java.util.stream.Stream;

/** Starts all roles as small as they can be, on a free port. */
final class SmallMesh {

  private SmallMesh() {}

  /**
   * @param model a dummy one
   * @param more arguments
   */
  static StandaloneMesh start(String model, String... more) {
    return StandaloneMesh.start(
        Stream.concat(
                Stream.of(
                    "--server.port=0",
                    "--andante.model.path=dummy:" + model,
                    "--andante.compute.threads=1",
                    "--andante.engine.kv-memory=1MB",
                    "--andante.engine.warm-up=0s",
                    "--andante.drain.timeout=1s"),
                Arrays.stream(more))
            .toArray(String[]::new));
  }
}
