package dev.andante.compute.onednn;

import dev.andante.compute.BackendException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The library, loaded: there is one in a process, and it takes its limit on instruction sets once.
 * So is this, whoever asks.
 */
final class OneDnn {

  // The state of a library that exists once per process; guarded by the class.
  private static @Nullable OneDnn loaded;
  private static String failure = "";

  private final Functions functions;
  private final Isa limit;
  private final long engine;

  private OneDnn(Functions functions, Isa limit) {
    this.functions = functions;
    this.limit = limit;
    this.engine = functions.newEngine();
  }

  /**
   * Empty if {@link #open} can be expected to work, else the reason why not. Loads nothing: a
   * library that is there but broken shows in {@link #open}, and here afterwards.
   */
  static synchronized String unavailableReason() {
    if (loaded != null) {
      return "";
    }
    return failure.isEmpty() ? NativeFiles.ofThisMachine().missing() : failure;
  }

  /**
   * The library, loaded at the first call.
   *
   * @param limit the highest instruction set it may use, whatever the machine has
   * @throws BackendException if it cannot be loaded, now and at every later call, or if it was
   *     loaded with another limit
   */
  static synchronized OneDnn open(Isa limit) {
    if (!failure.isEmpty()) {
      throw new BackendException(failure);
    }
    OneDnn result = loaded;
    if (result == null) {
      try {
        result = NativeFiles.ofThisMachine().unpacked(library -> load(library, limit));
      } catch (BackendException e) {
        failure = String.valueOf(e.getMessage());
        throw e;
      }
      loaded = result;
    }
    if (result.limit != limit) {
      throw new BackendException(
          "oneDNN runs with instruction set limit "
              + result.limit.text()
              + " in this process and cannot change to "
              + limit.text());
    }
    return result;
  }

  /**
   * @throws BackendException if the file is not a library that can be used
   */
  static OneDnn load(Path library, Isa limit) {
    try {
      Functions functions = Functions.open(library);
      functions.limitIsa(limit);
      functions.useThreads(1);
      return new OneDnn(functions, limit);
    } catch (RuntimeException | LinkageError e) {
      throw new BackendException(
          "oneDNN's library cannot be used: "
              + e.getMessage()
              + "; choose another backend (andante.compute.backend)",
          e);
    }
  }

  /** What the library found and may use. */
  Isa isa() {
    return Isa.of(functions.isaCode());
  }

  /** For example 3.11.0. */
  String version() {
    return functions.versionText();
  }

  Functions functions() {
    return functions;
  }

  long engine() {
    return engine;
  }
}
