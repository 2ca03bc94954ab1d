package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.format.WeightFile;
import dev.andante.format.WeightFiles;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.model.loading.ModelOptions;
import dev.andante.model.loading.Models;
import dev.andante.tokenizer.TokenizerSpec;
import dev.andante.tokenizer.TokenizerSpecs;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** A model in a file or folder. */
record FileModel(String name, WeightFile file, ModelConfig config) implements ModelSource {

  static FileModel open(ModelProperties properties) {
    WeightFile file = WeightFiles.open(Path.of(properties.path()));
    try {
      return new FileModel(ModelSource.nameOf(properties), file, Models.config(file));
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  @Override
  public String fingerprint() {
    return file.fingerprint();
  }

  @Override
  public LoadedModel load(Backend backend, ModelOptions options) {
    Optional<TokenizerSpec> tokenizer = TokenizerSpecs.from(file);
    LanguageModel model = Models.load(file, backend, options);
    return new LoadedModel(name, model, backend, tokenizer);
  }

  @Override
  public ExpertShardModel loadShard(Backend backend, Set<Integer> experts) {
    return Models.loadShard(file, backend, experts);
  }

  @Override
  public void close() {
    file.close();
  }
}
