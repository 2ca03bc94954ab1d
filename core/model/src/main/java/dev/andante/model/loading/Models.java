package dev.andante.model.loading;

import dev.andante.compute.Backend;
import dev.andante.format.GgufFile;
import dev.andante.format.SafetensorsFile;
import dev.andante.format.WeightFile;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.UnsupportedModelException;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.model.weights.FileSource;
import dev.andante.model.weights.TensorNames;
import java.util.Set;

/** Opens language models, whole or in part. */
public final class Models {

  private static final System.Logger LOG = System.getLogger(Models.class.getName());

  private Models() {}

  /**
   * What a file says about its model, without loading any weight.
   *
   * @throws UnsupportedModelException if the model is not one that can be run
   */
  public static ModelConfig config(WeightFile file) {
    return switch (file) {
      case GgufFile gguf -> GgufConfig.read(gguf);
      case SafetensorsFile safetensors ->
          HuggingFaceConfig.read(
              safetensors
                  .config()
                  .orElseThrow(
                      () ->
                          new UnsupportedModelException(
                              safetensors.path()
                                  + ": no config.json beside the weights; fetch the complete"
                                  + " checkpoint")));
    };
  }

  /**
   * Loads a model. On success the model owns the file and closes it; if this throws, the file is
   * still the caller's.
   *
   * @throws UnsupportedModelException if the model is not one that can be run, or its weights do
   *     not fit its configuration
   * @throws dev.andante.compute.UnsupportedTensorException if the backend cannot load a format
   */
  public static LanguageModel load(WeightFile file, Backend backend, ModelOptions options) {
    LanguageModel model = builder(file, backend).model(options, file::close);
    LOG.log(
        System.Logger.Level.INFO,
        "loaded {0}: {1}, {2} layers, hidden {3}, vocabulary {4}, context {5}",
        file.path().getFileName(),
        model.config().architecture(),
        model.config().layers(),
        model.config().hiddenSize(),
        model.config().vocabularySize(),
        model.config().contextLength());
    return model;
  }

  /** As {@link #load(WeightFile, Backend, ModelOptions)} with default options. */
  public static LanguageModel load(WeightFile file, Backend backend) {
    return load(file, backend, ModelOptions.defaults());
  }

  /**
   * Loads some experts of every layer and nothing else of the model. The shard owns the file as a
   * model does.
   *
   * @throws UnsupportedModelException as for a model, or if it has no experts
   * @throws IllegalArgumentException if it has no experts of these ids
   */
  public static ExpertShardModel loadShard(WeightFile file, Backend backend, Set<Integer> experts) {
    return builder(file, backend).shard(experts, file::close);
  }

  private static ModelBuilder builder(WeightFile file, Backend backend) {
    ModelConfig config = config(file);
    TensorNames names =
        switch (file) {
          case GgufFile _ -> new TensorNames.Gguf();
          case SafetensorsFile _ ->
              config.architecture().equals("mixtral")
                  ? TensorNames.HuggingFace.mixtral()
                  : TensorNames.HuggingFace.common();
        };
    FileSource source = new FileSource(file, names, config.architecture());
    return new ModelBuilder(config, source, file.fingerprint(), backend);
  }
}
