package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.tokenizer.SpecialTokens;
import dev.andante.tokenizer.Tokenizer;
import dev.andante.tokenizer.TokenizerException;
import java.util.List;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;

/** Prompts to tokens and back, on the tokenizer's lanes since both take CPU time. */
public final class PromptEncoder {

  private final TokenizerLanes lanes;

  public PromptEncoder(TokenizerLanes lanes) {
    this.lanes = lanes;
  }

  /**
   * Fails with {@link ApiException}: 400 at once for what cannot fit the model, 429 where too much
   * waits to be tokenized.
   */
  public Mono<List<int[]>> encode(ServedModel model, List<Prompt> prompts) {
    return Mono.defer(
        () -> {
          PromptLimits.check(model, prompts);
          return lanes.run(
              PromptLimits.cost(prompts),
              () -> prompts.stream().map(prompt -> encode(model, prompt)).toList());
        });
  }

  /** The text of tokens; fails with 400 if it is longer than a text that would be tokenized. */
  public Mono<String> decode(ServedModel model, int[] ids) {
    return lanes.run(
        (long) ids.length * Integer.BYTES,
        () -> {
          checkDecoded(model, ids);
          return model.tokenizer().decode(ids, false);
        });
  }

  private static void checkDecoded(ServedModel model, int[] ids) {
    long most = (long) model.contextLength() * model.longestTokenBytes();
    long bytes = 0;
    for (int id : ids) {
      checkId(model, "tokens", id);
      bytes += model.tokenizer().bytesOf(id).length;
      if (bytes > most) {
        throw ApiException.badRequest(
            "tokens", "'tokens' stand for too long a text; at most " + most + " bytes are given.");
      }
    }
  }

  private static int[] encode(ServedModel model, Prompt prompt) {
    return switch (prompt) {
      case Prompt.Tokens tokens -> checked(model, tokens.ids());
      case Prompt.Text text -> encodeText(model, text);
      case Prompt.Chat chat -> ChatEncoder.encode(model, chat);
    };
  }

  private static int[] checked(ServedModel model, int[] ids) {
    for (int id : ids) {
      checkId(model, "prompt", id);
    }
    return ids;
  }

  private static void checkId(ServedModel model, String param, int id) {
    if (id >= model.vocabularySize()) {
      throw ApiException.badRequest(
          param,
          "'"
              + param
              + "' holds token id "
              + id
              + "; ids of this model are 0 to "
              + (model.vocabularySize() - 1)
              + ".");
    }
  }

  private static int[] encodeText(ServedModel model, Prompt.Text prompt) {
    Tokenizer tokenizer = model.tokenizer();
    try {
      int[] ids = tokenizer.encode(prompt.text(), SpecialTokens.PARSE);
      if (!prompt.addSpecialTokens() || !tokenizer.addBos() || tokenizer.bosTokenId().isEmpty()) {
        return ids;
      }
      int bos = tokenizer.bosTokenId().getAsInt();
      return ids.length > 0 && ids[0] == bos
          ? ids
          : IntStream.concat(IntStream.of(bos), IntStream.of(ids)).toArray();
    } catch (TokenizerException e) {
      throw ApiException.badRequest("prompt", "'prompt' cannot be tokenized: " + e.getMessage());
    }
  }
}
