package dev.andante.host.model;

import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.loading.ModelOptions;

/** Dummy models for the tests of other packages. */
public final class DummyLoader {

  private DummyLoader() {}

  public static LoadedModel load(String path) {
    try (UnloadedModel unloaded =
        UnloadedModel.open(
            new ModelProperties(path, "", 0), Backends.open("reference", new ComputePool(1)))) {
      return unloaded.load(ModelOptions.defaults());
    }
  }
}
