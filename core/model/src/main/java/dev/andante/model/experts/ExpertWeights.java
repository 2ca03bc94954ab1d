package dev.andante.model.experts;

import dev.andante.compute.Weight;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.UnsupportedModelException;
import dev.andante.model.weights.Parameters;
import dev.andante.model.weights.Part;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The weights of all or some experts of every mixture-of-experts layer. Immutable. */
public final class ExpertWeights {

  /** One expert: {@code down(silu(gate(x)) * up(x))}, gate and up fused. */
  record Expert(Weight gateUp, Weight down) {}

  private record Key(int layer, int expert) {}

  private final Map<Key, Expert> experts;
  private final Set<Integer> ids;
  private final int count;
  private final int hiddenSize;
  private final int innerSize;

  private ExpertWeights(Map<Key, Expert> experts, Set<Integer> ids, ModelConfig config) {
    MoeConfig moe = moeOf(config);
    this.experts = experts;
    this.ids = ids;
    this.count = moe.experts();
    this.hiddenSize = config.hiddenSize();
    this.innerSize = moe.expertFeedForwardSize();
  }

  /** All experts. */
  public static ExpertWeights load(ModelConfig config, Parameters parameters) {
    Set<Integer> all =
        IntStream.range(0, moeOf(config).experts()).boxed().collect(Collectors.toSet());
    return load(config, parameters, all);
  }

  /**
   * The experts whose ids are given, of every layer that has experts.
   *
   * @throws UnsupportedModelException if the model has no experts
   * @throws IllegalArgumentException if it has some, but not these
   */
  public static ExpertWeights load(ModelConfig config, Parameters parameters, Set<Integer> ids) {
    MoeConfig moe = moeOf(config);
    Set<Integer> sorted = new TreeSet<>(ids);
    if (sorted.isEmpty() || sorted.stream().anyMatch(id -> id < 0 || id >= moe.experts())) {
      throw new IllegalArgumentException(
          "experts " + sorted + " of a model whose experts are 0 to " + (moe.experts() - 1));
    }
    Map<Key, Expert> experts = new HashMap<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      if (config.isMoe(layer)) {
        for (int id : sorted) {
          experts.put(new Key(layer, id), expert(config, moe, parameters, layer, id));
        }
      }
    }
    return new ExpertWeights(experts, sorted, config);
  }

  /** Experts per layer in the model, here or not. */
  public int count() {
    return count;
  }

  /** The ids that are here, ascending. */
  public Set<Integer> ids() {
    return ids;
  }

  public int hiddenSize() {
    return hiddenSize;
  }

  public int innerSize() {
    return innerSize;
  }

  /**
   * @throws IllegalArgumentException if it is not here
   */
  Expert expert(int layer, int id) {
    Expert expert = experts.get(new Key(layer, id));
    if (expert == null) {
      throw new IllegalArgumentException(
          "expert " + id + " of layer " + layer + " is not held here; held: " + ids);
    }
    return expert;
  }

  private static Expert expert(
      ModelConfig config, MoeConfig moe, Parameters parameters, int layer, int id) {
    int inner = moe.expertFeedForwardSize();
    Weight gateUp =
        parameters.fused(
            "blk." + layer + ".ffn_gate_up." + id,
            config.hiddenSize(),
            new Part(name(layer, "gate", id), inner),
            new Part(name(layer, "up", id), inner));
    return new Expert(
        gateUp, parameters.matrix(name(layer, "down", id), config.hiddenSize(), inner));
  }

  private static String name(int layer, String role, int id) {
    return "blk." + layer + ".ffn_" + role + "." + id + ".weight";
  }

  private static MoeConfig moeOf(ModelConfig config) {
    MoeConfig moe = config.moe();
    if (moe == null) {
      throw new UnsupportedModelException(
          config.architecture(), "a dense model here", "mixture-of-experts models");
    }
    return moe;
  }
}
