package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.tokenizer.ChatTemplate;
import dev.andante.tokenizer.ChatTemplateException;
import dev.andante.tokenizer.SpecialTokens;
import dev.andante.tokenizer.Tokenizer;
import dev.andante.tokenizer.TokenizerException;
import java.util.List;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Template and tokenizer, on a scheduler of their own since both take CPU time. */
public final class PromptEncoder {

  private final Scheduler scheduler;

  public PromptEncoder(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  public Mono<List<int[]>> encode(ServedModel model, List<Prompt> prompts) {
    return Mono.fromCallable(() -> prompts.stream().map(prompt -> encode(model, prompt)).toList())
        .subscribeOn(scheduler);
  }

  private static int[] encode(ServedModel model, Prompt prompt) {
    return switch (prompt) {
      case Prompt.Tokens tokens -> checked(model, tokens.ids());
      case Prompt.Text text -> encodeText(model, text);
      case Prompt.Chat chat -> encodeChat(model, chat);
    };
  }

  private static int[] checked(ServedModel model, int[] ids) {
    for (int id : ids) {
      if (id >= model.vocabularySize()) {
        throw ApiException.badRequest(
            "prompt",
            "'prompt' holds token id "
                + id
                + "; ids of this model are 0 to "
                + (model.vocabularySize() - 1)
                + ".");
      }
    }
    return ids;
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

  private static int[] encodeChat(ServedModel model, Prompt.Chat chat) {
    ChatTemplate template =
        model
            .template()
            .orElseThrow(
                () ->
                    ApiException.badRequest(
                        "model",
                        "The model '"
                            + model.name()
                            + "' has no chat template; use /v1/completions."));
    try {
      return template.encode(chat.messages(), chat.addGenerationPrompt(), model.tokenizer());
    } catch (ChatTemplateException e) {
      if (e.raisedByTemplate()) {
        throw ApiException.badRequest(
            "messages", "The model's chat template refuses the messages: " + e.getMessage());
      }
      throw ApiException.server(500, "chat_template", "The model's chat template is broken.", e);
    } catch (TokenizerException e) {
      throw ApiException.badRequest(
          "messages", "'messages' cannot be tokenized: " + e.getMessage());
    }
  }
}
