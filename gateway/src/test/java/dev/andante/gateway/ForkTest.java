package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Requests with several answers have their prompt computed once. */
@Tag("slow")
class ForkTest {

  private static final String ANSWER = "an answer";

  private final FakeWorker prefill = FakeWorker.prefill();
  private final FakeWorker one = FakeWorker.decode();
  private final FakeWorker two = FakeWorker.decode();
  private GatewayFixture gateway;

  @BeforeEach
  void start() {
    List<FakeWorker> workers = List.of(prefill, one, two);
    workers.forEach(worker -> worker.answers(ANSWER));
    gateway = GatewayFixture.start(workers);
    Await.until(
        () -> workers.stream().allMatch(worker -> worker.statuses.get() > 2), "all are known");
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private JsonNode ask(String prompt, int n, String more) {
    HttpResponse<String> response =
        gateway.post(
            "/v1/completions", "{\"prompt\":%s,\"n\":%d,\"seed\":7%s}".formatted(prompt, n, more));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    Await.until(() -> one.open.get() + two.open.get() == 0, "all is given back");
    return json(response);
  }

  private static void whole(JsonNode out, int answers) {
    assertThat(out.get("choices")).hasSize(answers);
    out.get("choices")
        .forEach(choice -> assertThat(choice.get("text").asString()).isEqualTo(ANSWER));
  }

  @Test
  void theFirstGoesAheadAndTheOthersForkIt() {
    whole(ask("\"ab\"", 3, ""), 3);
    assertThat(prefill.prefills).hasSize(1);
    FakeWorker chosen = one.decodes.isEmpty() ? two : one;
    assertThat(chosen.decodes).hasSize(3);
    DecodeRequest first = chosen.decodes.getFirst();
    assertThat(first.hasTransferred()).isTrue();
    List<DecodeRequest> others = chosen.decodes.subList(1, 3);
    assertThat(others)
        .allSatisfy(
            other -> {
              assertThat(other.getForked().getOf()).isEqualTo(first.getAttempt());
              assertThat(other.getForked().getTokens()).isEqualTo(2);
            });
    assertThat(others.stream().map(other -> other.getSampling().getSeed()))
        .containsExactlyInAnyOrder(8L, 9L);
  }

  @Test
  void eachPromptHasItsOwn() {
    whole(ask("[\"ab\",\"c\"]", 2, ""), 4);
    assertThat(prefill.prefills).hasSize(2);
    assertThat(one.decodes.size() + two.decodes.size()).isEqualTo(4);
  }

  @Test
  void whatIsNotThereAnyMoreIsComputedAgain() {
    for (FakeWorker worker : List.of(one, two)) {
      worker.forkFailures.add(
          Failures.of(Status.Code.NOT_FOUND, "unknown_request", "it has ended", true));
    }
    whole(ask("\"ab\"", 2, ""), 2);
    assertThat(prefill.prefills).hasSize(2);
    assertThat(prefill.prefills.getLast().getAttempt().getEpoch()).isEqualTo(1);
    assertThat(gateway.metric("andante_resumed_streams_total")).isZero();
  }

  @Test
  void aFirstAnswerOfOneTokenLeavesTheOthersToThemselves() {
    JsonNode out = ask("\"ab\"", 2, ",\"max_tokens\":1");
    assertThat(out.get("choices")).hasSize(2);
    assertThat(prefill.prefills).hasSize(2);
    assertThat(one.decodes.size() + two.decodes.size()).isZero();
  }
}
