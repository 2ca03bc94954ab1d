package dev.andante.model.loading;

import dev.andante.model.ExpertExecutorFactory;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Choices at loading.
 *
 * @param experts asked where experts run, of models that have some; empty: in this process
 * @param maxContextLength tokens per sequence that will be used at most, which saves memory; empty:
 *     what the model can
 */
public record ModelOptions(
    Supplier<Optional<ExpertExecutorFactory>> experts, Optional<Integer> maxContextLength) {

  public ModelOptions {
    if (maxContextLength.isPresent() && maxContextLength.get() < 1) {
      throw new IllegalArgumentException(
          "the context length must be positive, not " + maxContextLength.get());
    }
  }

  public static ModelOptions defaults() {
    return new ModelOptions(Optional::empty, Optional.empty());
  }

  public ModelOptions withExperts(ExpertExecutorFactory factory) {
    return new ModelOptions(() -> Optional.of(factory), maxContextLength);
  }

  public ModelOptions withMaxContextLength(int tokens) {
    return new ModelOptions(experts, Optional.of(tokens));
  }
}
