package dev.andante.benchmarks.load.client;

import dev.andante.benchmarks.load.measure.Reception;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Where requests go. Thread-safe. */
public interface Requests {

  /** The model that answers. */
  String model();

  /**
   * Writes a request before it is due. What comes back sends it; the reception has ended when its
   * future completes, which it always does, normally.
   */
  Supplier<CompletableFuture<Reception>> prepare(Reception reception);
}
