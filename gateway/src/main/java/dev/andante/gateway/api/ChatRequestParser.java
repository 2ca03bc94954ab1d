package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.pipeline.AnswerRequest;
import dev.andante.gateway.pipeline.Prompt;
import dev.andante.gateway.pipeline.TokenLimit;
import dev.andante.service.grpc.RequestIdentity;
import dev.andante.tokenizer.Message;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Body of {@code POST /v1/chat/completions}. */
final class ChatRequestParser implements RequestParser {

  private static final List<String> ROLES = List.of("system", "developer", "user", "assistant");

  private final CommonParameters common;

  ChatRequestParser(CommonParameters common) {
    this.common = common;
  }

  @Override
  public ParsedRequest parse(Fields fields, String id, RequestIdentity identity) {
    List<Message> messages = messages(fields);
    boolean logprobs = fields.flag("logprobs", false);
    int top = fields.integer("top_logprobs", 0, CommonParameters.MAX_TOP_LOGPROBS).orElse(0);
    if (top > 0 && !logprobs) {
      throw fields.bad("top_logprobs", "needs 'logprobs' to be true");
    }
    boolean generationPrompt = fields.flag("add_generation_prompt", true);
    OpenAiParameters.chat(fields);
    AnswerRequest answers =
        common.read(
            fields,
            id,
            identity,
            List.of(new Prompt.Chat(messages, generationPrompt)),
            TokenLimit.NONE,
            new CommonParameters.Logprobs(logprobs, top));
    ParsedRequest parsed =
        new ParsedRequest(
            fields.string("model"),
            answers,
            RequestParser.delivery(fields, logprobs, top, answers.extensions()));
    fields.refuseUnknown();
    return parsed;
  }

  @Override
  public ResponseShape shape(ResponseHead head) {
    return new ChatShape(head);
  }

  @Override
  public String idPrefix() {
    return "chatcmpl-";
  }

  /** Also what {@code /tokenize} takes. */
  static List<Message> messages(Fields fields) {
    if (!fields.has("messages")) {
      throw fields.bad("messages", "is required");
    }
    List<Message> messages = fields.array("messages", ChatRequestParser::message);
    if (messages.isEmpty()) {
      throw fields.bad("messages", "must hold at least one message");
    }
    return messages;
  }

  private static Message message(JsonNode node, String path) {
    Fields message = Fields.element(node, path);
    String role = message.requiredString("role");
    if (!ROLES.contains(role)) {
      throw role.equals("tool") || role.equals("function")
          ? message.unsupported("role", "'" + role + "' is not supported yet: tools are not")
          : message.bad("role", "must be one of " + String.join(", ", ROLES));
    }
    if (!message.array("tool_calls", (call, at) -> call).isEmpty()) {
      throw message.unsupported("tool_calls", "is not supported yet: tools are not");
    }
    if (message.has("function_call")) {
      throw message.unsupported("function_call", "is not supported yet: tools are not");
    }
    // Templates know the older name of the role.
    return new Message(role.equals("developer") ? "system" : role, content(message));
  }

  private static String content(Fields message) {
    JsonNode content = message.get("content");
    if (content == null) {
      throw message.bad("content", "is required: a string or an array of text parts");
    }
    if (content.isArray()) {
      return String.join("", message.array("content", ChatRequestParser::part));
    }
    return message.text(content, "content", "must be a string or an array of text parts");
  }

  private static String part(JsonNode node, String path) {
    if (node.isString()) {
      return Fields.text(node, path, ApiException.badRequest(path, ""));
    }
    Fields part = Fields.element(node, path);
    String type = part.requiredString("type");
    if (!type.equals("text")) {
      throw part.bad("type", "must be 'text': this model takes no other parts");
    }
    return part.requiredString("text");
  }
}
