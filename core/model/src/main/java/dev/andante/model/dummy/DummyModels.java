package dev.andante.model.dummy;

import dev.andante.compute.Backend;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.model.loading.ModelBuilder;
import dev.andante.model.loading.ModelOptions;
import java.util.Set;

/** Models of any configuration with random weights. */
public final class DummyModels {

  private DummyModels() {}

  public static LanguageModel load(
      ModelConfig config, Backend backend, long seed, ModelOptions options) {
    return builder(config, backend, seed).model(options, () -> {});
  }

  /** Some experts of the model that the same configuration and seed give. */
  public static ExpertShardModel loadShard(
      ModelConfig config, Backend backend, long seed, Set<Integer> experts) {
    return builder(config, backend, seed).shard(experts, () -> {});
  }

  private static ModelBuilder builder(ModelConfig config, Backend backend, long seed) {
    return new ModelBuilder(config, new DummySource(seed), "dummy " + seed, backend);
  }
}
