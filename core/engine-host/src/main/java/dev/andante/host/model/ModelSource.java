package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.ModelConfig;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.model.loading.ModelOptions;
import java.nio.file.Path;
import java.util.Set;

/**
 * The model that {@code andante.model.path} names, its weights not loaded yet. Whoever loads it
 * hands it over to what was loaded; if that throws, or nothing is loaded, it must be closed.
 */
public sealed interface ModelSource extends AutoCloseable permits FileModel, DummyModel {

  /**
   * @throws RuntimeException of the format or model modules, saying what is wrong
   */
  static ModelSource open(ModelProperties properties) {
    return properties.path().startsWith(DummyModel.PREFIX)
        ? DummyModel.named(properties)
        : FileModel.open(properties);
  }

  /** The name that clients use. */
  static String nameOf(ModelProperties properties) {
    if (!properties.name().isBlank()) {
      return properties.name();
    }
    if (properties.path().startsWith(DummyModel.PREFIX)) {
      return properties.path().substring(DummyModel.PREFIX.length());
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

  ModelConfig config();

  /** Tells the weights apart from others. */
  String fingerprint();

  /**
   * The whole model; on success it owns {@code backend} too.
   *
   * @throws RuntimeException of the format, model or compute modules, saying what is wrong
   */
  LoadedModel load(Backend backend, ModelOptions options);

  /**
   * Some experts of every layer and nothing else.
   *
   * @throws RuntimeException of the format, model or compute modules, saying what is wrong
   */
  ExpertShardModel loadShard(Backend backend, Set<Integer> experts);

  @Override
  void close();
}
