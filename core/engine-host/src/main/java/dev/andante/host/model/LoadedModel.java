package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.model.LanguageModel;
import dev.andante.tokenizer.Tokenizer;
import dev.andante.tokenizer.TokenizerSpec;
import dev.andante.tokenizer.Tokenizers;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A model with its weights in a backend, and what is known of its text. Owns all of it. Safe for
 * several threads; engines must be closed before.
 */
public final class LoadedModel implements AutoCloseable {

  private final String name;
  private final LanguageModel model;
  private final Backend backend;
  private final Optional<TokenizerSpec> tokenizerSpec;
  private @Nullable Tokenizer tokenizer; // guarded by this

  public LoadedModel(
      String name, LanguageModel model, Backend backend, Optional<TokenizerSpec> tokenizerSpec) {
    this.name = name;
    this.model = model;
    this.backend = backend;
    this.tokenizerSpec = tokenizerSpec;
  }

  /** What clients call it. */
  public String name() {
    return name;
  }

  public LanguageModel model() {
    return model;
  }

  public Backend backend() {
    return backend;
  }

  /** Empty for a model that takes ids only. */
  public Optional<TokenizerSpec> tokenizerSpec() {
    return tokenizerSpec;
  }

  /** Made when first asked for, which takes a moment: few workers need it. */
  public synchronized Optional<Tokenizer> tokenizer() {
    if (tokenizer == null && tokenizerSpec.isPresent()) {
      tokenizer = Tokenizers.create(tokenizerSpec.get());
    }
    return Optional.ofNullable(tokenizer);
  }

  /** Tokens that end an answer. */
  public Set<Integer> endTokenIds() {
    return tokenizerSpec
        .map(spec -> Arrays.stream(spec.endTokenIds()).boxed().collect(Collectors.toSet()))
        .orElse(Set.of());
  }

  @Override
  public synchronized void close() {
    if (tokenizer != null) {
      tokenizer.close();
      tokenizer = null;
    }
    model.close();
    backend.close();
  }
}
