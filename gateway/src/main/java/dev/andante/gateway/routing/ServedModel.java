package dev.andante.gateway.routing;

import dev.andante.protocol.v1.ModelInfo;
import dev.andante.tokenizer.ChatTemplate;
import dev.andante.tokenizer.Tokenizer;
import dev.andante.tokenizer.TokenizerSpec;
import dev.andante.tokenizer.Tokenizers;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;

/**
 * A model that workers serve, with all that is needed to speak for it.
 *
 * @param contextLength tokens, prompt and answer together
 * @param longestTokenBytes most bytes of text that one token stands for
 * @param template empty where the model has none: it takes raw prompts only
 * @param since when this gateway first saw it
 */
public record ServedModel(
    String name,
    String fingerprint,
    int contextLength,
    int vocabularySize,
    Set<Integer> endTokens,
    Tokenizer tokenizer,
    int longestTokenBytes,
    Optional<ChatTemplate> template,
    Instant since)
    implements AutoCloseable {

  /**
   * @param info with its tokenizer
   * @throws dev.andante.tokenizer.TokenizerException if no tokenizer can be made of it
   */
  static ServedModel of(ModelInfo info, Instant since) {
    TokenizerSpec spec =
        new TokenizerSpec(
            info.getTokenizerJson().toByteArray(),
            info.getSpecialTokensMap(),
            info.getBosTokenId() < 0 ? OptionalInt.empty() : OptionalInt.of(info.getBosTokenId()),
            info.getAddBos(),
            info.getEndTokenIdsList().stream().mapToInt(Integer::intValue).toArray(),
            info.getBosToken(),
            info.getEosToken(),
            info.getChatTemplate());
    // side by side: a gateway is ready when it has both
    CompletableFuture<Optional<ChatTemplate>> template =
        CompletableFuture.supplyAsync(() -> ChatTemplate.of(spec));
    Tokenizer tokenizer = Tokenizers.create(spec);
    try {
      return new ServedModel(
          info.getName(),
          info.getFingerprint(),
          info.getContextLength(),
          info.getVocabularySize(),
          info.getEndTokenIdsList().stream().collect(Collectors.toUnmodifiableSet()),
          tokenizer,
          longest(tokenizer),
          template.join(),
          since);
    } catch (CompletionException e) {
      tokenizer.close();
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static int longest(Tokenizer tokenizer) {
    int longest = 1;
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      longest = Math.max(longest, tokenizer.bytesOf(id).length);
    }
    return longest;
  }

  /** Frees native memory; a request that still uses it fails. */
  @Override
  public void close() {
    tokenizer.close();
  }
}
