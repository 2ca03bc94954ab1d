package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.TokenLogprob;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** How answers end: stop strings, limits, and what is told of the tokens that they cut. */
class AnswerEndsTest extends AnswersTestBase {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 50})
  void stopStringsAcrossTokensAreCutOff(int tokensPerChunk) {
    answer("one two three four");
    decode.tokensPerChunk = tokensPerChunk;
    JsonNode whole = chat(",\"stop\":[\"four\",\" thr\"]");
    assertThat(whole.at("/choices/0/message/content").asString()).isEqualTo("one two");
    assertThat(whole.at("/choices/0/finish_reason").asString()).isEqualTo("stop");
    assertThat(whole.at("/usage/completion_tokens").asInt()).isEqualTo("one two thr".length());
    StringBuilder streamed = new StringBuilder();
    chunks(CHAT, "{" + HI + ",\"stop\":\" thr\",\"stream\":true}")
        .forEach(c -> streamed.append(c.at("/choices/0/delta/content").asString("")));
    assertThat(streamed.toString()).isEqualTo("one two");
  }

  @Test
  void whatOnlyLooksLikeAStopStringIsDeliveredInTheEnd() {
    answer("a <stop");
    assertThat(chat(",\"stop\":[\"<stop>\"]").at("/choices/0/message/content").asString())
        .isEqualTo("a <stop");
  }

  @Test
  void minTokensComeBeforeStops() {
    answer("x.y.z");
    JsonNode out = chat(",\"stop\":\".\",\"min_tokens\":3");
    assertThat(out.at("/choices/0/message/content").asString()).isEqualTo("x.y");
  }

  @Test
  void ignoreEosGoesOn() {
    answer("ab");
    JsonNode out = chat(",\"ignore_eos\":true,\"max_tokens\":6,\"logprobs\":true");
    assertThat(out.at("/choices/0/message/content").asString()).isEqualTo("ab");
    assertThat(out.at("/choices/0/finish_reason").asString()).isEqualTo("length");
    assertThat(out.at("/usage/completion_tokens").asInt()).isEqualTo(6);
    assertThat(out.at("/choices/0/logprobs/content"))
        .as("end tokens that end nothing are part of it")
        .hasSize(6);
  }

  @Test
  void anAnswerCutInsideACharacterShowsTheReplacementCharacter() {
    answer("aé");
    assertThat(chat(",\"max_tokens\":2").at("/choices/0/message/content").asString())
        .isEqualTo("a\uFFFD");
  }

  @Test
  void logprobsOfChats() {
    answer("é!");
    decode.alternatives =
        Map.of(1, List.of(TokenLogprob.newBuilder().setId('A').setLogprob(-1.5f).build()));
    JsonNode content =
        chat(",\"logprobs\":true,\"top_logprobs\":1").at("/choices/0/logprobs/content");
    assertThat(content).hasSize(3);
    assertThat(content.get(1).toString())
        .isEqualTo(
            "{\"token\":\"\uFFFD\",\"logprob\":-0.5,\"bytes\":[169],\"top_logprobs\":"
                + "[{\"token\":\"A\",\"logprob\":-1.5,\"bytes\":[65]}]}");
    int streamed =
        chunks(CHAT, "{" + HI + ",\"logprobs\":true,\"stream\":true}").stream()
            .mapToInt(c -> c.at("/choices/0/logprobs/content").size())
            .sum();
    assertThat(streamed).isEqualTo(3);
  }

  @Test
  void logprobsOfCompletions() {
    answer("abc");
    JsonNode logprobs = text(",\"logprobs\":0").at("/choices/0/logprobs");
    assertThat(logprobs.toString())
        .isEqualTo(
            "{\"tokens\":[\"a\",\"b\",\"c\"],\"token_logprobs\":[-0.5,-0.5,-0.5],"
                + "\"top_logprobs\":[{},{},{}],\"text_offset\":[0,1,2]}");
  }

  /** The stop string begins in one worker's chunk and ends in another, or within one. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 50})
  void tokensThatAStopStringCutHaveNoLogprobs(int tokensPerChunk) {
    answer("aé STOP b");
    decode.tokensPerChunk = tokensPerChunk;
    String more = ",\"stop\":\" STOP\",\"return_token_ids\":true";
    Integer[] kept = {(int) 'a', 0xc3, 0xa9};
    Integer[] all = TestModel.tokens("aé STOP").toArray(Integer[]::new);

    JsonNode chat = chat(more + ",\"logprobs\":true").at("/choices/0");
    assertThat(bytes(chat.at("/logprobs/content"))).containsExactly(kept);
    assertThat(ints(chat.get("token_ids"))).containsExactly(all);
    List<JsonNode> chats =
        chunks(CHAT, "{" + HI + more + ",\"logprobs\":true,\"stream\":true}").stream()
            .map(chunk -> chunk.at("/choices/0"))
            .toList();
    assertThat(chats.stream().flatMap(c -> bytes(c.at("/logprobs/content")).stream()))
        .containsExactly(kept);
    assertThat(chats.stream().flatMap(c -> ints(c.at("/token_ids")).stream())).containsExactly(all);

    JsonNode logprobs = text(more + ",\"logprobs\":0").at("/choices/0/logprobs");
    assertThat(logprobs.get("token_logprobs")).hasSize(3);
    assertThat(ints(logprobs.get("text_offset"))).containsExactly(0, 1, 1);
    List<JsonNode> texts =
        chunks(
                TEXT,
                "{\"prompt\":\"Once\",\"max_tokens\":50"
                    + more
                    + ",\"logprobs\":0,\"stream\":true}")
            .stream()
            .map(chunk -> chunk.at("/choices/0/logprobs/text_offset"))
            .toList();
    assertThat(texts.stream().flatMap(offsets -> ints(offsets).stream())).containsExactly(0, 1, 1);
  }

  /** A token is said when its text is, were it held back for looking like a stop string. */
  @Test
  void logprobsComeWithTheirText() {
    answer("a <st.");
    StringBuilder said = new StringBuilder();
    StringBuilder shown = new StringBuilder();
    for (JsonNode chunk :
        chunks(TEXT, "{\"prompt\":\"x\",\"stop\":\"<stop>\",\"logprobs\":0,\"stream\":true}")) {
      shown.append(chunk.at("/choices/0/text").asString(""));
      chunk.at("/choices/0/logprobs/tokens").forEach(token -> said.append(token.asString()));
      assertThat(said.toString()).isEqualTo(shown.toString());
    }
    assertThat(shown.toString()).isEqualTo("a <st.");
  }

  private static List<Integer> bytes(JsonNode content) {
    return StreamSupport.stream(content.spliterator(), false)
        .map(token -> token.at("/bytes/0").intValue())
        .toList();
  }
}
