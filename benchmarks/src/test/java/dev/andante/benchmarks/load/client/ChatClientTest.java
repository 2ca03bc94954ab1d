package dev.andante.benchmarks.load.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.benchmarks.load.measure.Outcome;
import dev.andante.benchmarks.load.measure.Reception;
import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.qoe.QoeSpec;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ChatClientTest {

  private SmallServer server;
  private final ChatClient client = new ChatClient(Duration.ofSeconds(30), true);

  @BeforeEach
  void open() throws IOException {
    server = new SmallServer();
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  @Test
  void tokensAreCountedAsTheServerSendsThem() throws Exception {
    answers(
        SmallServer.event(0),
        ": ping\n\n",
        SmallServer.event(2),
        SmallServer.event(1) + SmallServer.event(1),
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":33}}\r\n\r\n",
        "data: [DONE]\n\n");
    Reception end = send(Dialect.ANDANTE);
    assertThat(end.outcome()).as(end.error()).isEqualTo(Outcome.COMPLETED);
    assertThat(end.tokens()).isEqualTo(4);
    assertThat(end.promptTokens()).isEqualTo(33);
    assertThat(end.firstNanos()).isBetween(end.sentNanos(), end.endNanos());
  }

  @Test
  void anEventMayComeInPieces() throws Exception {
    String all = SmallServer.event(3) + "data: [DONE]\n\n";
    answers(all.split("")); // a flush for every character
    assertThat(send(Dialect.ANDANTE).tokens()).isEqualTo(3);
  }

  @Test
  void withoutTokenIdsAChunkOfTextIsAToken() throws Exception {
    answers(
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"token_ids\\\":[1,2]\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n");
    assertThat(send(Dialect.OPENAI).tokens()).isEqualTo(2);
    assertThat(server.chats.getFirst().propertyNames())
        .doesNotContain("andante", "ignore_eos", "return_token_ids");
  }

  @Test
  void theRequestSaysWhatItsReaderExpects() throws Exception {
    Reception end = send(Dialect.ANDANTE);
    assertThat(end.tokens()).isEqualTo(7);
    JsonNode chat = server.chats.getFirst();
    assertThat(chat.path("model").asString()).isEqualTo("small");
    assertThat(chat.path("max_tokens").asInt()).isEqualTo(7);
    assertThat(chat.path("stream").asBoolean()).isTrue();
    assertThat(chat.path("ignore_eos").asBoolean()).isTrue();
    JsonNode qoe = chat.path("andante").path("qoe");
    assertThat(qoe.path("ttft_ms").asInt()).isEqualTo(1500);
    assertThat(qoe.path("tokens_per_second").asDouble()).isEqualTo(4.5);
    assertThat(qoe.path("pacing").asString()).isEqualTo("on");
  }

  @Test
  void refusalsAndFailuresAreToldApart() throws Exception {
    server.replies.add(new SmallServer.Reply.Status(429, "{\"error\":{\"message\":\"full\"}}"));
    server.replies.add(new SmallServer.Reply.Status(503, "nobody"));
    Reception full = send(Dialect.ANDANTE);
    assertThat(full.outcome()).isEqualTo(Outcome.REJECTED);
    assertThat(full.status()).isEqualTo(429);
    assertThat(full.error()).contains("full");
    Reception failed = send(Dialect.ANDANTE);
    assertThat(failed.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(failed.status()).isEqualTo(503);
  }

  @Test
  void anAnswerThatBreaksOffIsAborted() throws Exception {
    answers(SmallServer.event(1));
    assertAborted("before [DONE]");
    answers(SmallServer.event(1), "data: {\"error\":{\"message\":\"decode is gone\"}}\n\n");
    assertAborted("decode is gone");
    answers(SmallServer.event(1), "data: {nonsense\n\n", "data: [DONE]\n\n");
    assertAborted("no JSON");
  }

  private void assertAborted(String why) throws Exception {
    Reception end = send(Dialect.ANDANTE);
    assertThat(end.outcome()).isEqualTo(Outcome.ABORTED);
    assertThat(end.error()).contains(why);
    assertThat(end.tokens()).isEqualTo(1);
  }

  @Test
  void anAnswerThatTakesTooLongIsAborted() throws Exception {
    server.replies.add(new SmallServer.Reply.Silence());
    try (ChatClient hasty = new ChatClient(Duration.ofMillis(200), false)) {
      Reception end = send(hasty, Dialect.ANDANTE);
      assertThat(end.outcome()).isEqualTo(Outcome.ABORTED);
      assertThat(end.error()).contains("not done within");
    }
  }

  @Test
  void aServerThatGoesAwayIsAFailure() throws Exception {
    Target target = target(client, Dialect.ANDANTE);
    server.close();
    Reception end = send(client, target);
    assertThat(end.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(end.status()).isZero();
  }

  @Test
  void whoIsNotThereIsNamed() {
    URI nobody = URI.create("http://127.0.0.1:9");
    assertThatThrownBy(() -> client.reach(nobody, Optional.empty(), Dialect.ANDANTE, Map.of()))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining("http://127.0.0.1:9 does not answer");
    assertThatThrownBy(
            () -> client.reach(server.uri(), Optional.of("large"), Dialect.ANDANTE, Map.of()))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining("there are [small]");
  }

  @Test
  void promptsAreMeasuredWithTheServersTokenizer() throws Exception {
    Prompts prompts = client.prompts(target(client, Dialect.ANDANTE), 3);
    assertThat(prompts.frameTokens()).isEqualTo(5);
    int letters = prompts.text(0, new Demand(1005, 1)).length();
    assertThat(letters / 2).isBetween(900, 1100); // a token is two letters there
  }

  private void answers(String... pieces) {
    server.replies.add(new SmallServer.Reply.Pieces(List.of(pieces)));
  }

  private Target target(ChatClient by, Dialect dialect) throws UnreachableException {
    return by.reach(server.uri(), Optional.empty(), dialect, Map.of());
  }

  private Reception send(Dialect dialect) throws Exception {
    return send(client, dialect);
  }

  private Reception send(ChatClient by, Dialect dialect) throws Exception {
    return send(by, target(by, dialect));
  }

  private static Reception send(ChatClient by, Target target) throws Exception {
    Reception reception =
        new Reception(0, new Demand(20, 7), new QoeSpec(1.5, 4.5), System.nanoTime());
    byte[] body = by.body(target, Prompts.unmeasured(1), reception);
    return by.send(target, body, reception).get(60, TimeUnit.SECONDS);
  }
}
