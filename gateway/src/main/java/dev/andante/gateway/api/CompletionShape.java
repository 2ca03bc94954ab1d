package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.AnswerToken;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code text_completion}, whole or in chunks of the same form. */
final class CompletionShape implements ResponseShape {

  private final ResponseHead head;
  private final Logprobs logprobs;
  private final Map<Integer, int[]> prompts = new HashMap<>();

  CompletionShape(ResponseHead head) {
    this.head = head;
    this.logprobs = new Logprobs(head.tokenizer(), head.delivery().topLogprobs());
  }

  @Override
  public List<ObjectNode> chunks(Answer answer) {
    return switch (answer) {
      case Answer.Start start -> {
        prompts.put(start.index(), start.prompt());
        yield List.of();
      }
      case Answer.Piece piece -> piece(piece);
      case Answer.End end ->
          List.of(
              chunk(
                  end.index(),
                  choice -> {
                    choice.put("text", "");
                    choice.putNull("logprobs");
                    choice.put("finish_reason", end.finish().wireName());
                    firstChunk(end.index(), choice);
                    Explanation.add(choice, head.delivery(), end);
                  }));
    };
  }

  private List<ObjectNode> piece(Answer.Piece piece) {
    boolean silent = piece.text().isEmpty();
    if (silent && !head.delivery().tokenIds() && !head.delivery().logprobs()) {
      return List.of();
    }
    return List.of(
        chunk(
            piece.index(),
            choice -> {
              choice.put("text", piece.text());
              logprobs(choice, piece.tokens().subList(0, piece.visible()));
              choice.putNull("finish_reason");
              firstChunk(piece.index(), choice);
              tokenIds(choice, piece.tokens());
            }));
  }

  @Override
  public ObjectNode usageChunk(Usage usage) {
    ObjectNode chunk = head();
    chunk.putArray("choices");
    chunk.set("usage", usage.json());
    return chunk;
  }

  @Override
  public ObjectNode whole(List<WholeAnswer> answers, Usage usage) {
    ObjectNode out = head();
    ArrayNode choices = out.putArray("choices");
    for (WholeAnswer answer : answers) {
      ObjectNode choice = choices.addObject();
      choice.put("index", answer.index());
      choice.put("text", answer.text());
      logprobs(choice, answer.visible());
      choice.put("finish_reason", answer.end().finish().wireName());
      if (head.delivery().tokenIds()) {
        ChatShape.ids(choice.putArray("prompt_token_ids"), answer.prompt());
      }
      tokenIds(choice, answer.tokens());
      Explanation.add(choice, head.delivery(), answer.end());
    }
    out.set("usage", usage.json());
    return out;
  }

  private ObjectNode chunk(int index, Consumer<ObjectNode> rest) {
    ObjectNode chunk = head();
    ObjectNode choice = chunk.putArray("choices").addObject();
    choice.put("index", index);
    rest.accept(choice);
    if (head.delivery().includeUsage()) {
      chunk.putNull("usage");
    }
    return chunk;
  }

  private ObjectNode head() {
    return Json.object()
        .put("id", head.id())
        .put("object", "text_completion")
        .put("created", head.created())
        .put("model", head.model());
  }

  /** The prompt's ids come once per answer. */
  private void firstChunk(int index, ObjectNode choice) {
    int[] prompt = prompts.remove(index);
    if (prompt != null && head.delivery().tokenIds()) {
      ChatShape.ids(choice.putArray("prompt_token_ids"), prompt);
    }
  }

  private void logprobs(ObjectNode choice, List<AnswerToken> tokens) {
    if (head.delivery().logprobs()) {
      choice.set("logprobs", logprobs.completion(tokens));
    } else {
      choice.putNull("logprobs");
    }
  }

  private void tokenIds(ObjectNode choice, List<AnswerToken> tokens) {
    if (head.delivery().tokenIds()) {
      ChatShape.ids(
          choice.putArray("token_ids"),
          tokens.stream().mapToInt(token -> token.token().getId()).toArray());
    }
  }
}
