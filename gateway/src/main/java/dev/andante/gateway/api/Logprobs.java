package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.AnswerToken;
import dev.andante.protocol.v1.Token;
import dev.andante.protocol.v1.TokenLogprob;
import dev.andante.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Log-probabilities in the two forms of OpenAI's. */
final class Logprobs {

  private final Tokenizer tokenizer;
  private final int top;

  Logprobs(Tokenizer tokenizer, int top) {
    this.tokenizer = tokenizer;
    this.top = top;
  }

  ObjectNode chat(List<AnswerToken> tokens) {
    ObjectNode out = Json.object();
    ArrayNode content = out.putArray("content");
    for (AnswerToken placed : tokens) {
      Token token = placed.token();
      ObjectNode item = content.addObject();
      describe(item, token.getId(), token.getLogprob());
      ArrayNode alternatives = item.putArray("top_logprobs");
      for (TokenLogprob other : alternatives(token)) {
        describe(alternatives.addObject(), other.getId(), other.getLogprob());
      }
    }
    out.putNull("refusal");
    return out;
  }

  ObjectNode completion(List<AnswerToken> tokens) {
    ObjectNode out = Json.object();
    ArrayNode texts = out.putArray("tokens");
    ArrayNode logprobs = out.putArray("token_logprobs");
    ArrayNode tops = out.putArray("top_logprobs");
    ArrayNode offsets = out.putArray("text_offset");
    for (AnswerToken placed : tokens) {
      Token token = placed.token();
      texts.add(text(token.getId()));
      logprobs.add(finite(token.getLogprob()));
      offsets.add(placed.start());
      ObjectNode alternatives = tops.addObject();
      for (TokenLogprob other : alternatives(token)) {
        alternatives.put(text(other.getId()), finite(other.getLogprob()));
      }
    }
    return out;
  }

  private List<TokenLogprob> alternatives(Token token) {
    return token.getTopList().subList(0, Math.min(top, token.getTopCount()));
  }

  private void describe(ObjectNode item, int id, float logprob) {
    byte[] bytes = tokenizer.bytesOf(id);
    item.put("token", new String(bytes, StandardCharsets.UTF_8));
    item.put("logprob", finite(logprob));
    ArrayNode values = item.putArray("bytes");
    for (byte b : bytes) {
      values.add(b & 0xff);
    }
  }

  private String text(int id) {
    return new String(tokenizer.bytesOf(id), StandardCharsets.UTF_8);
  }

  /** JSON has no infinity; clients expect -9999 for "never". */
  private static float finite(float logprob) {
    return Float.isFinite(logprob) ? logprob : -9999f;
  }
}
