package dev.andante.model;

import dev.andante.compute.Backend;

/** Decides where the experts of a mixture-of-experts model run. */
@FunctionalInterface
public interface ExpertExecutorFactory {

  /**
   * Called once, when a mixture-of-experts model is loaded, in place of loading its experts. The
   * model closes the executor.
   *
   * @param fingerprint of the model, which the experts elsewhere must share
   */
  ExpertExecutor create(ModelConfig config, String fingerprint, Backend backend);
}
