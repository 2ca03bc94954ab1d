package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.AnswerToken;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code chat.completion} and its chunks: a role first, then content, then the reason it ended. The
 * roles of all answers come together with the first one's, so that a client knows how many to wait
 * for: openai-java takes a stream for finished when all answers it has heard of are.
 */
final class ChatShape implements ResponseShape {

  private final ResponseHead head;
  private final Logprobs logprobs;
  private boolean begun;

  ChatShape(ResponseHead head) {
    this.head = head;
    this.logprobs = new Logprobs(head.tokenizer(), head.delivery().topLogprobs());
  }

  @Override
  public List<ObjectNode> chunks(Answer answer) {
    return switch (answer) {
      case Answer.Start start -> start(start);
      case Answer.Piece piece -> piece(piece);
      case Answer.End end ->
          List.of(
              chunk(
                  end.index(),
                  choice -> {
                    choice.putObject("delta");
                    choice.putNull("logprobs");
                    choice.put("finish_reason", end.finish().wireName());
                    Explanation.add(choice, head.delivery(), end);
                  }));
    };
  }

  private List<ObjectNode> start(Answer.Start start) {
    if (begun) {
      return List.of();
    }
    begun = true;
    List<ObjectNode> roles = IntStream.range(0, head.answers()).mapToObj(this::role).toList();
    if (head.delivery().tokenIds()) {
      ids(roles.getFirst().putArray("prompt_token_ids"), start.prompt());
    }
    return roles;
  }

  private ObjectNode role(int index) {
    return chunk(
        index,
        choice -> {
          choice.putObject("delta").put("role", "assistant").put("content", "");
          choice.putNull("logprobs");
          choice.putNull("finish_reason");
        });
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
              choice.putObject("delta").put("content", piece.text());
              logprobs(choice, piece.tokens().subList(0, piece.visible()));
              choice.putNull("finish_reason");
              tokenIds(choice, piece.tokens());
            }));
  }

  @Override
  public ObjectNode usageChunk(Usage usage) {
    ObjectNode chunk = head("chat.completion.chunk");
    chunk.putArray("choices");
    chunk.set("usage", usage.json());
    return chunk;
  }

  @Override
  public ObjectNode whole(List<WholeAnswer> answers, Usage usage) {
    ObjectNode out = head("chat.completion");
    ArrayNode choices = out.putArray("choices");
    for (WholeAnswer answer : answers) {
      ObjectNode choice = choices.addObject();
      choice.put("index", answer.index());
      choice
          .putObject("message")
          .put("role", "assistant")
          .put("content", answer.text())
          .putNull("refusal");
      logprobs(choice, answer.visible());
      choice.put("finish_reason", answer.end().finish().wireName());
      tokenIds(choice, answer.tokens());
      Explanation.add(choice, head.delivery(), answer.end());
    }
    out.set("usage", usage.json());
    if (head.delivery().tokenIds()) {
      ids(out.putArray("prompt_token_ids"), answers.getFirst().prompt());
    }
    return out;
  }

  private ObjectNode chunk(int index, Consumer<ObjectNode> rest) {
    ObjectNode chunk = head("chat.completion.chunk");
    ObjectNode choice = chunk.putArray("choices").addObject();
    choice.put("index", index);
    rest.accept(choice);
    if (head.delivery().includeUsage()) {
      chunk.putNull("usage"); // as OpenAI: null in every chunk but the one that has it
    }
    return chunk;
  }

  private ObjectNode head(String object) {
    return Json.object()
        .put("id", head.id())
        .put("object", object)
        .put("created", head.created())
        .put("model", head.model());
  }

  private void logprobs(ObjectNode choice, List<AnswerToken> tokens) {
    if (head.delivery().logprobs()) {
      choice.set("logprobs", logprobs.chat(tokens));
    } else {
      choice.putNull("logprobs");
    }
  }

  private void tokenIds(ObjectNode choice, List<AnswerToken> tokens) {
    if (head.delivery().tokenIds()) {
      ids(
          choice.putArray("token_ids"),
          tokens.stream().mapToInt(token -> token.token().getId()).toArray());
    }
  }

  static void ids(ArrayNode array, int[] ids) {
    for (int id : ids) {
      array.add(id);
    }
  }
}
