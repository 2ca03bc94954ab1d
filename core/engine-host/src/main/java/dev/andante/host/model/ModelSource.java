package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.format.WeightFile;
import dev.andante.format.WeightFiles;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import dev.andante.model.loading.ModelOptions;
import dev.andante.model.loading.Models;
import dev.andante.tokenizer.TokenizerSpec;
import dev.andante.tokenizer.TokenizerSpecs;
import java.nio.file.Path;
import java.util.Optional;

/** Turns {@code andante.model.*} into a model. */
final class ModelSource {

  private static final String DUMMY = "dummy:";
  private static final long DUMMY_SEED = 42;

  private ModelSource() {}

  /**
   * Loads the model; on success it owns {@code backend}.
   *
   * @throws RuntimeException of the format, model or compute modules, saying what is wrong
   */
  static LoadedModel load(ModelProperties properties, Backend backend, ModelOptions options) {
    if (properties.path().startsWith(DUMMY)) {
      return dummy(properties, backend, options);
    }
    WeightFile file = WeightFiles.open(Path.of(properties.path()));
    try {
      Optional<TokenizerSpec> tokenizer = TokenizerSpecs.from(file);
      LanguageModel model = Models.load(file, backend, options);
      return new LoadedModel(nameOf(properties), model, backend, tokenizer);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** The name that clients use. */
  static String nameOf(ModelProperties properties) {
    if (!properties.name().isBlank()) {
      return properties.name();
    }
    if (properties.path().startsWith(DUMMY)) {
      return properties.path().substring(DUMMY.length());
    }
    Path file = Path.of(properties.path()).getFileName();
    String name = file == null ? properties.path() : file.toString();
    for (String extension : new String[] {".gguf", ".safetensors"}) {
      if (name.endsWith(extension)) {
        return name.substring(0, name.length() - extension.length());
      }
    }
    return name;
  }

  private static LoadedModel dummy(
      ModelProperties properties, Backend backend, ModelOptions options) {
    ModelConfig config =
        switch (properties.path().substring(DUMMY.length())) {
          case "llama-tiny" -> TinyModels.llamaConfig();
          case "mixtral-tiny" -> TinyModels.mixtralConfig();
          default ->
              throw new IllegalArgumentException(
                  "andante.model.path: no dummy model '"
                      + properties.path()
                      + "'; there are dummy:llama-tiny and dummy:mixtral-tiny");
        };
    LanguageModel model = DummyModels.load(config, backend, DUMMY_SEED, options);
    return new LoadedModel(
        nameOf(properties), model, backend, Optional.of(ByteTokenizerSpec.create()));
  }
}
