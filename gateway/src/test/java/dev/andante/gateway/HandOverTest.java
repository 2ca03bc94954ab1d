package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Answers of decode workers that stop. */
@Tag("slow")
class HandOverTest {

  private static final String HI =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"andante\":{\"explain\":true}";
  private static final String ANSWER = "an answer that goes on";

  private final FakeWorker stopping = FakeWorker.decode();
  private final FakeWorker other = FakeWorker.decode();
  private GatewayFixture gateway;

  @AfterEach
  void stop() {
    gateway.close();
    other.close(); // where it was none of the gateway's
  }

  /** The first worker is the one that is asked first, and stops after so many tokens. */
  private HttpResponse<String> ask(int offersAfter, List<FakeWorker> workers, String more) {
    workers.forEach(worker -> worker.answers(ANSWER));
    other.running = 3;
    gateway = GatewayFixture.start(workers);
    Await.until(
        () -> workers.stream().allMatch(worker -> worker.statuses.get() > 2), "all are known");
    stopping.handOvers.offersAfter = offersAfter;
    return gateway.post("/v1/chat/completions", HI + more + "}");
  }

  private static StatusRuntimeException refused() {
    return Failures.of(Status.Code.RESOURCE_EXHAUSTED, "saturated", "no blocks there", true);
  }

  private void resumed(int handedOver, int recomputed) {
    assertThat(gateway.metric("andante_resumed_streams_total{engine=\"gateway\",how=\"handed_over"))
        .isEqualTo(handedOver);
    assertThat(gateway.metric("andante_resumed_streams_total{engine=\"gateway\",how=\"recomputed"))
        .isEqualTo(recomputed);
    Await.until(
        () ->
            gateway.metric("andante_admission_running") == 0
                && stopping.open.get() + other.open.get() == 0,
        "all is given back");
  }

  private static JsonNode whole(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    JsonNode answer = json(response);
    assertThat(answer.at("/choices/0/message/content").asString()).isEqualTo(ANSWER);
    assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(ANSWER.length() + 1);
    return answer.at("/choices/0/andante");
  }

  @Test
  void theKvGoesAheadAndTheAnswerFollows() {
    JsonNode figures = whole(ask(5, List.of(stopping, other), ",\"seed\":7"));
    HandOverRequest asked = stopping.handOvers.asked.getFirst();
    assertThat(asked.getAttempt()).isEqualTo(stopping.decodes.getFirst().getAttempt());
    assertThat(asked.getEpoch()).isEqualTo(1);
    assertThat(asked.getKvTarget()).isEqualTo(other.target());
    DecodeRequest rest = other.decodes.getFirst();
    assertThat(rest.getAttempt().getEpoch()).isEqualTo(1);
    assertThat(rest.getSampling().getSeed()).isEqualTo(7);
    List<Integer> tokens = TestModel.tokens(ANSWER);
    assertThat(rest.getTransferred().getFirstToken()).as("the 5th").isEqualTo(tokens.get(4));
    assertThat(rest.getTransferred().getFollowingList()).isEqualTo(tokens.subList(5, 7));
    assertThat(figures.get("resumed").asInt()).isEqualTo(1);
    assertThat(figures.get("decode_instance").asString()).isEqualTo(other.instance);
    resumed(1, 0);
  }

  @Test
  void aStreamIsOneStream() {
    HttpResponse<String> response = ask(5, List.of(stopping, other), ",\"stream\":true");
    StringBuilder text = new StringBuilder();
    events(response.body()).stream()
        .filter(e -> e.startsWith("data: {"))
        .forEach(
            e -> text.append(json(e.substring(6)).at("/choices/0/delta/content").asString("")));
    assertThat(text.toString()).isEqualTo(ANSWER);
    resumed(1, 0);
  }

  @Test
  void whatCannotBeHandedOverGoesOnWhereItIs() {
    stopping.handOvers.failures.add(refused());
    whole(ask(5, List.of(stopping, other), ""));
    assertThat(stopping.handOvers.asked).hasSize(1);
    assertThat(other.decodes).isEmpty();
    resumed(0, 0);
  }

  @Test
  void aWorkerThatIsGoneBeforeTheAnswerIsMovedHasItComputedAnew() {
    stopping.handOvers.failures.add(refused());
    stopping.decodeFailures.add(
        new FakeWorker.Cut(8, Status.UNAVAILABLE.withDescription("cut off").asRuntimeException()));
    whole(ask(5, List.of(stopping, other), ""));
    assertThat(other.decodes.getFirst().getLocal().getGenerated()).isEqualTo(8);
    assertThat(other.decodes.getFirst().getAttempt().getEpoch())
        .as("the refused hand-over had one")
        .isEqualTo(2);
    resumed(0, 1);
  }

  @Test
  void aWorkerThatIsGoneOnceItHasTheKvHasItComputedAnew() {
    other.decodeFailures.add(new FakeWorker.Cut(0, Status.UNAVAILABLE.asRuntimeException()));
    FakeWorker third = FakeWorker.decode();
    third.running = 9;
    whole(ask(5, List.of(stopping, other, third), ""));
    assertThat(other.released).as("the KV that nobody took up").hasSize(1);
    assertThat(third.decodes.getFirst().getLocal().getGenerated()).isEqualTo(7);
    resumed(1, 1);
  }

  @Test
  void whereNobodyElseIsTheOfferIsLeftAlone() {
    stopping.handOvers.waits = false;
    whole(ask(5, List.of(stopping), ""));
    assertThat(stopping.handOvers.asked).isEmpty();
    resumed(0, 0);
  }
}
