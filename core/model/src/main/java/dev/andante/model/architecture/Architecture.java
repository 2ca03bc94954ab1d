package dev.andante.model.architecture;

import dev.andante.model.ExpertExecutor;
import dev.andante.model.ModelConfig;
import dev.andante.model.UnsupportedModelException;
import dev.andante.model.layers.Decoder;
import dev.andante.model.weights.Parameters;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A family of models. */
public sealed interface Architecture permits Llama, Qwen2, Qwen3, Mixtral, Qwen3Moe, Olmoe {

  /** As in {@link ModelConfig#architecture()}. */
  String name();

  /**
   * Composes a model of its weights.
   *
   * @param experts runs the experts; null for a dense model
   */
  Decoder build(ModelConfig config, Parameters parameters, @Nullable ExpertExecutor experts);

  /** All that are supported. */
  static List<Architecture> all() {
    return List.of(
        new Llama(), new Qwen2(), new Qwen3(), new Mixtral(), new Qwen3Moe(), new Olmoe());
  }

  /**
   * @throws UnsupportedModelException if there is none of this name
   */
  static Architecture named(String name) {
    return all().stream()
        .filter(architecture -> architecture.name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> new UnsupportedModelException("model", "architecture '" + name + "'", names()));
  }

  private static String names() {
    return all().stream().map(Architecture::name).collect(Collectors.joining(", "));
  }
}
