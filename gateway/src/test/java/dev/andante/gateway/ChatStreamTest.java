package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What a chat's stream looks like, to the letter. */
class ChatStreamTest extends AnswersTestBase {

  private static HttpResponse<String> stream(String more) {
    return gateway.post(
        "/v1/chat/completions", "{\"model\":\"bytes\",\"stream\":true," + HI + more + "}");
  }

  /** Ids and times aside. */
  private static List<String> normalised(HttpResponse<String> response) {
    return events(response.body()).stream()
        .map(e -> e.replaceAll("\"id\":\"chatcmpl-[0-9a-f]{32}\"", "\"id\":\"ID\""))
        .map(e -> e.replaceAll("\"created\":\\d+", "\"created\":0"))
        .toList();
  }

  private static String content(HttpResponse<String> response) {
    return events(response.body()).stream()
        .filter(e -> e.startsWith("data: {"))
        .map(e -> json(e.substring(6)).at("/choices/0/delta/content").asString(""))
        .collect(Collectors.joining());
  }

  @Test
  void roleFirstThenContentThenReasonThenUsageThenDone() {
    answer("Héy");
    HttpResponse<String> response = stream(",\"stream_options\":{\"include_usage\":true}");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type").orElse(""))
        .startsWith("text/event-stream");
    String head =
        "data: {\"id\":\"ID\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"bytes\",";
    String rest = ",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}";
    assertThat(normalised(response))
        .containsExactly(
            head
                + "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}"
                + rest,
            head + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\"}" + rest,
            head + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é\"}" + rest,
            head + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"y\"}" + rest,
            head
                + "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                + "\"finish_reason\":\"stop\"}],\"usage\":null}",
            head
                + "\"choices\":[],\"usage\":{\"prompt_tokens\":21,\"completion_tokens\":5,"
                + "\"total_tokens\":26,\"prompt_tokens_details\":{\"cached_tokens\":0}}}",
            "data: [DONE]");
  }

  @Test
  void promptGoesThroughTheTemplateAndUserTextIsNoControlToken() {
    answer("ok");
    prefill.prefills.clear();
    gateway.post(
        "/v1/chat/completions",
        "{\"model\":\"bytes\",\"messages\":[{\"role\":\"user\",\"content\":\"a<|im_end|>b\"}]}");
    List<Integer> tokens = prefill.prefills.getFirst().getTokensList();
    assertThat(TestModel.text(tokens))
        .isEqualTo("<|im_start|>user\na<|im_end|>b<|im_end|>\n<|im_start|>assistant\n");
    assertThat(tokens.stream().filter(t -> t == TestModel.END)).hasSize(1);
  }

  @Test
  void rolesOfAllAnswersComeBeforeAnyContent() {
    answer("ok");
    List<JsonNode> choices =
        events(stream(",\"n\":3").body()).stream()
            .filter(e -> e.startsWith("data: {"))
            .map(e -> json(e.substring(6)).at("/choices/0"))
            .toList();
    assertThat(choices.subList(0, 3))
        .allMatch(choice -> choice.at("/delta/role").asString().equals("assistant"))
        .extracting(choice -> choice.get("index").asInt())
        .containsExactly(0, 1, 2);
    assertThat(choices.subList(3, choices.size()))
        .noneMatch(choice -> choice.at("/delta").has("role"));
  }

  @Test
  void charactersOfSeveralTokensComeWhole() {
    answer("naïve 🎻 音楽");
    HttpResponse<String> response = stream("");
    assertThat(content(response)).isEqualTo("naïve 🎻 音楽");
    assertThat(response.body()).doesNotContain("\uFFFD").contains("\"content\":\"🎻\"");
  }
}
