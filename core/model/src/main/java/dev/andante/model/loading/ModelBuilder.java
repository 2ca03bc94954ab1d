package dev.andante.model.loading;

import dev.andante.compute.Backend;
import dev.andante.model.ExpertExecutor;
import dev.andante.model.ExpertExecutorFactory;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.architecture.Architecture;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.model.experts.ExpertWeights;
import dev.andante.model.experts.LocalExperts;
import dev.andante.model.layers.Decoder;
import dev.andante.model.layers.Transformer;
import dev.andante.model.weights.ParameterSource;
import dev.andante.model.weights.Parameters;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts a model together from a configuration and a source of parameters.
 *
 * @param sourceFingerprint identity of the parameters
 */
public record ModelBuilder(
    ModelConfig config, ParameterSource source, String sourceFingerprint, Backend backend) {

  /**
   * @param onClose called when the model is closed
   * @throws dev.andante.model.UnsupportedModelException if the parameters do not fit
   */
  public LanguageModel model(ModelOptions options, Runnable onClose) {
    Architecture architecture = Architecture.named(config.architecture());
    verify(architecture);
    ExpertExecutor experts = experts(options);
    try {
      Parameters parameters = Parameters.load(source, backend);
      Decoder decoder = architecture.build(config, parameters, experts);
      ModelConfig limited =
          options.maxContextLength().map(config::withContextLength).orElse(config);
      return new Transformer(
          limited, fingerprint(), backend, decoder, () -> close(experts, onClose));
    } catch (RuntimeException | Error e) {
      close(experts, () -> {});
      throw e;
    }
  }

  /**
   * Some experts of every layer.
   *
   * @throws dev.andante.model.UnsupportedModelException if the model has none, or the parameters do
   *     not fit
   */
  public ExpertShardModel shard(Set<Integer> experts, Runnable onClose) {
    Architecture architecture = Architecture.named(config.architecture());
    verify(architecture);
    ExpertWeights weights = ExpertWeights.load(config, Parameters.load(source, backend), experts);
    return new ExpertShardModel(config, fingerprint(), backend, weights, onClose);
  }

  /** Builds the whole model without loading anything, to find out what does not fit. */
  private void verify(Architecture architecture) {
    Parameters check = Parameters.check(source);
    ExpertExecutor experts =
        config.moe() == null ? null : new LocalExperts(backend, ExpertWeights.load(config, check));
    architecture.build(config, check, experts);
    check.verify();
  }

  private @Nullable ExpertExecutor experts(ModelOptions options) {
    if (config.moe() == null) {
      return null;
    }
    Optional<ExpertExecutorFactory> elsewhere = options.experts().get();
    if (elsewhere.isPresent()) {
      return elsewhere.get().create(config, fingerprint(), backend);
    }
    return new LocalExperts(backend, ExpertWeights.load(config, Parameters.load(source, backend)));
  }

  private String fingerprint() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(sourceFingerprint.getBytes(StandardCharsets.UTF_8));
      digest.update(config.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void close(@Nullable ExpertExecutor experts, Runnable onClose) {
    try {
      if (experts != null) {
        experts.close();
      }
    } finally {
      onClose.run();
    }
  }
}
