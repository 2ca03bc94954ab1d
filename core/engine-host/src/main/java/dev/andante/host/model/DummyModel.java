package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.model.loading.ModelOptions;
import java.util.Optional;
import java.util.Set;

/** A model with random weights, the same in every process, that speaks bytes. */
record DummyModel(String name, String fingerprint, ModelConfig config) implements ModelSource {

  static final String PREFIX = "dummy:";

  private static final long SEED = 42;

  static DummyModel named(ModelProperties properties) {
    ModelConfig config =
        switch (properties.path().substring(PREFIX.length())) {
          case "llama-tiny" -> TinyModels.llamaConfig();
          case "mixtral-tiny" -> TinyModels.mixtralConfig();
          default ->
              throw new IllegalArgumentException(
                  "andante.model.path: no dummy model '"
                      + properties.path()
                      + "'; there are dummy:llama-tiny and dummy:mixtral-tiny");
        };
    return new DummyModel(ModelSource.nameOf(properties), properties.path(), config);
  }

  @Override
  public LoadedModel load(Backend backend, ModelOptions options) {
    LanguageModel model = DummyModels.load(config, backend, SEED, options);
    return new LoadedModel(name, model, backend, Optional.of(ByteTokenizerSpec.create()));
  }

  @Override
  public ExpertShardModel loadShard(Backend backend, Set<Integer> experts) {
    return DummyModels.loadShard(config, backend, SEED, experts);
  }

  @Override
  public void close() {}
}
