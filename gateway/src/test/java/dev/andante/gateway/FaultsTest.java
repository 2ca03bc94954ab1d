package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.Role;
import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import java.net.http.HttpResponse;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Lost, full and failing workers. */
@Tag("slow")
class FaultsTest extends FaultsTestBase {

  /** Which of equals gets the first call is a matter of their ports. */
  private static FakeWorker askedFirst(
      List<FakeWorker> equals, Function<FakeWorker, Collection<?>> calls) {
    return equals.stream()
        .filter(worker -> !calls.apply(worker).isEmpty())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aFailedPrefillIsTriedElsewhereWithAHigherEpoch() {
    FakeWorker one = FakeWorker.prefill();
    FakeWorker two = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    start(List.of(one, two, decode));
    one.prefillFailures.add(lost());
    two.prefillFailures.add(lost());
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(one.prefills).hasSize(1);
    assertThat(two.prefills).hasSize(1);
    assertThat(
            List.of(
                one.prefills.getFirst().getAttempt().getEpoch(),
                two.prefills.getFirst().getAttempt().getEpoch()))
        .containsExactlyInAnyOrder(0, 1);
    // Both lost: decode computes the prompt itself.
    assertThat(decode.decodes.getFirst().hasLocal()).isTrue();
    assertThat(decode.decodes.getFirst().getAttempt().getEpoch()).isEqualTo(2);
    everythingIsGivenBack();
  }

  /** Answers do not fail for it; but each one that it gets costs a pause and a second attempt. */
  @Test
  void aWorkerThatKeepsFailingIsAskedLessAndLess() {
    List<FakeWorker> decodes =
        List.of(FakeWorker.decode(), FakeWorker.decode(), FakeWorker.decode());
    start(
        decodes,
        "andante.gateway.circuit-breaking.minimum-calls=3",
        "andante.gateway.circuit-breaking.open-for=60s");
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    FakeWorker broken = askedFirst(decodes, worker -> worker.decodes);
    for (int i = 0; i < 40; i++) {
      broken.decodeFailures.add(new FakeWorker.Cut(0, lost()));
    }
    for (int i = 0; i < 40; i++) {
      assertThat(text(chat(""))).isEqualTo(ANSWER);
    }
    assertThat(broken.decodes.size()).as("the first one, and few more").isBetween(2, 6);
    everythingIsGivenBack();
  }

  /** What prefill says may be of the decode that it sends to. */
  @Test
  void aPrefillThatTellsOfADefectIsNotBlamedForIt() {
    List<FakeWorker> prefills = List.of(FakeWorker.prefill(), FakeWorker.prefill());
    start(
        List.of(prefills.get(0), prefills.get(1), FakeWorker.decode()),
        "andante.gateway.circuit-breaking.minimum-calls=2",
        "andante.gateway.circuit-breaking.open-for=60s");
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    FakeWorker first = askedFirst(prefills, worker -> worker.prefills);
    for (int i = 0; i < 12; i++) {
      first.prefillFailures.add(Failures.of(Status.Code.INTERNAL, "internal", "of decode", true));
    }
    for (int i = 0; i < 12; i++) {
      assertThat(text(chat(""))).isEqualTo(ANSWER);
    }
    assertThat(first.prefills).as("it is asked each time").hasSize(13);
    everythingIsGivenBack();
  }

  @Test
  void withoutPrefillWorkersDecodeDoesItAll() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode));
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(decode.decodes.getFirst().getLocal().getTokensCount()).isEqualTo(21);
  }

  @Test
  void shortPromptsMayStayOnDecode() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    start(List.of(prefill, decode), "andante.gateway.routing.local-prompt-tokens=21");
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(prefill.prefills).isEmpty();
    assertThat(decode.decodes.getFirst().hasLocal()).isTrue();
  }

  @Test
  void aLostDecodeIsResumedWithoutALostOrRepeatedToken() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker one = FakeWorker.decode();
    FakeWorker two = FakeWorker.decode();
    start(List.of(prefill, one, two));
    one.decodeFailures.add(new FakeWorker.Cut(4, lost()));
    two.decodeFailures.add(new FakeWorker.Cut(4, lost()));
    HttpResponse<String> response = chat(",\"seed\":5");
    assertThat(text(response)).isEqualTo(ANSWER);
    assertThat(json(response).at("/usage/completion_tokens").asInt())
        .isEqualTo(ANSWER.length() + 1);
    assertThat(prefill.prefills).hasSize(3);
    // First token and four more, twice.
    assertThat(prefill.prefills.stream().map(p -> p.getGenerated())).containsExactly(0, 5, 10);
    assertThat(prefill.prefills.get(2).getTokensCount()).isEqualTo(31);
    assertThat(prefill.prefills.stream().map(p -> p.getAttempt().getEpoch()))
        .containsExactly(0, 1, 2);
    assertThat(prefill.prefills.stream().map(p -> p.getSampling().getSeed()).distinct())
        .containsExactly(5L);
    assertThat(one.decodes.size() + two.decodes.size()).isEqualTo(3);
    assertThat(one.decodes).isNotEmpty();
    assertThat(two.decodes).isNotEmpty();
    assertThat(gateway.get("/metrics").body()).contains("andante_resumed_streams_total");
    everythingIsGivenBack();
  }

  @Test
  void aDecodeProcessThatDiesIsSurvived() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker one = FakeWorker.decode();
    FakeWorker two = FakeWorker.decode();
    start(List.of(prefill, one, two));
    CountDownLatch gate = new CountDownLatch(1);
    for (FakeWorker decode : List.of(one, two)) {
      decode.tokensBeforeGate = 3;
      decode.decodeGate = gate;
    }
    var response =
        gateway.http.sendAsync(
            gateway.postRequest(CHAT, HI + ",\"stream\":true}").build(),
            HttpResponse.BodyHandlers.ofString());
    Await.until(() -> one.open.get() + two.open.get() == 1, "decoding");
    FakeWorker busy = one.open.get() == 1 ? one : two;
    busy.kill();
    gate.countDown();
    StringBuilder text = new StringBuilder();
    events(response.join().body()).stream()
        .filter(e -> e.startsWith("data: {"))
        .forEach(
            e -> text.append(json(e.substring(6)).at("/choices/0/delta/content").asString("")));
    assertThat(text.toString()).isEqualTo(ANSWER);
  }

  @Test
  void aStreamThatJustEndsIsALostOne() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode));
    decode.decodeFailures.add(new FakeWorker.Cut(2, null));
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(decode.decodes.get(1).getLocal().getGenerated()).isEqualTo(2);
  }

  @Test
  void attemptsEnd() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode), "andante.gateway.routing.retry-backoff=1ms");
    for (int i = 0; i < 10; i++) {
      decode.decodeFailures.add(new FakeWorker.Cut(0, lost()));
    }
    JsonNode error = error(chat(""), 502);
    assertThat(error.get("type").asString()).isEqualTo("server_error");
    assertThat(decode.decodes).hasSize(4);
    everythingIsGivenBack();
  }

  @Test
  void aFailureInTheMiddleIsOneEventAndTheEnd() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode));
    decode.decodeFailures.add(
        new FakeWorker.Cut(
            3, Failures.of(Status.Code.INTERNAL, "internal", "the engine broke", false)));
    HttpResponse<String> response = chat(",\"stream\":true");
    assertThat(response.statusCode()).isEqualTo(200);
    List<String> events = events(response.body());
    assertThat(events).hasSize(5);
    assertThat(events.getLast())
        .isEqualTo(
            "data: {\"error\":{\"message\":\"A worker failed: the engine broke\","
                + "\"type\":\"server_error\",\"param\":null,\"code\":\"internal\"}}");
    everythingIsGivenBack();
  }

  @Test
  void aFailureBeforeTheFirstTokenOfAStreamHasItsStatus() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode));
    decode.decodeFailures.add(
        new FakeWorker.Cut(0, Failures.invalid("logit_bias", "'logit_bias' is too large")));
    JsonNode error = error(chat(",\"stream\":true"), 400);
    assertThat(error.get("param").asString()).isEqualTo("logit_bias");
    assertThat(error.get("code").asString()).isEqualTo("invalid_request");
  }

  @Test
  void aFullWorkerIsWaitedFor() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode), "andante.gateway.routing.retry-backoff=1ms");
    for (int i = 0; i < 6; i++) {
      decode.decodeFailures.add(new FakeWorker.Cut(0, full()));
    }
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(decode.decodes).hasSize(7);
  }

  @Test
  void decodesThatHaveAllRefusedAreAskedForBlocksInTime() {
    FakeWorker prefill = FakeWorker.prefill();
    start(
        List.of(prefill, FakeWorker.decode(), FakeWorker.decode()),
        "andante.gateway.admission.queue-timeout=20s",
        "andante.gateway.routing.retry-backoff=1ms");
    prefill.prefillFailures.add(full());
    prefill.prefillFailures.add(full());
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(prefill.prefills).hasSize(3);
    assertThat(prefill.prefills.get(0).getPatienceMillis()).isZero();
    assertThat(prefill.prefills.get(1).getPatienceMillis()).as("the other one").isZero();
    assertThat(prefill.prefills.get(0).getKvTarget())
        .isNotEqualTo(prefill.prefills.get(1).getKvTarget());
    assertThat(prefill.prefills.get(2).getPatienceMillis()).isBetween(1L, 20_000L);
  }

  @Test
  void workersThatStayFullAreA429() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    start(
        List.of(prefill, decode),
        "andante.gateway.admission.queue-timeout=1s",
        "andante.gateway.routing.retry-backoff=20ms");
    for (int i = 0; i < 100; i++) {
      prefill.prefillFailures.add(full());
    }
    HttpResponse<String> response = chat("");
    assertThat(error(response, 429).get("type").asString()).isEqualTo("rate_limit_error");
    assertThat(Integer.parseInt(response.headers().firstValue("Retry-After").orElseThrow()))
        .isPositive();
    assertThat(response.headers().firstValue("x-llm-d-request-dropped-reason"))
        .hasValue("rejected-saturated");
    everythingIsGivenBack();
  }

  @Test
  void nobodyThere() {
    gateway = GatewayFixture.startUnready(List.of());
    HttpResponse<String> response = chat("");
    assertThat(error(response, 503).get("code").asString()).isEqualTo("no_workers");
    assertThat(response.headers().firstValue("x-llm-d-request-dropped-reason"))
        .hasValue("rejected-no-endpoints");
    assertThat(response.headers().firstValue("Retry-After")).isPresent();
    assertThat(gateway.get("/metrics").body())
        .contains("andante_admission_total{outcome=\"rejected-no-endpoints\"} 1");
    HttpResponse<String> ready = gateway.get("/ready");
    assertThat(ready.statusCode()).isEqualTo(503);
    assertThat(ready.body()).contains("no decode worker");
    assertThat(gateway.get("/health").statusCode()).isEqualTo(200);
  }

  @Test
  void aWorkerThatGoesAwayMakesTheGatewayUnready() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode), "andante.gateway.discovery.stale-after=300ms");
    decode.ready = false;
    Await.until(() -> gateway.get("/ready").statusCode() == 503, "unready");
    // Its name is known, so this is an outage and not a mistake of the client.
    error(gateway.post(CHAT, HI + ",\"model\":\"bytes\"}"), 503);
    decode.ready = true;
    Await.until(() -> gateway.get("/ready").statusCode() == 200, "ready again");
    decode.kill();
    Await.until(() -> gateway.get("/ready").statusCode() == 503, "stale");
  }

  @Test
  void aWorkerThatNeverAnswersIsA504() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    CountDownLatch never = new CountDownLatch(1);
    prefill.prefillGate = never;
    start(List.of(prefill, decode), "andante.gateway.request-timeout=300ms");
    Await.until( // on a busy machine the time may be over before a worker is asked
        () -> {
          assertThat(error(chat(""), 504).get("code").asString()).isEqualTo("deadline_exceeded");
          return !prefill.prefills.isEmpty();
        },
        "prefill is asked");
    Await.until(() -> prefill.cancelled.get() == prefill.prefills.size(), "prefill is cancelled");
    everythingIsGivenBack();
    never.countDown();
  }

  @Test
  void aStreamThatStallsEndsInADeadlineError() {
    FakeWorker decode = FakeWorker.decode();
    decode.tokensBeforeGate = 2;
    CountDownLatch never = new CountDownLatch(1);
    decode.decodeGate = never;
    start(List.of(decode), "andante.gateway.request-timeout=500ms");
    Await.until( // on a busy machine the time may be over before a worker is asked
        () -> {
          HttpResponse<String> response = chat(",\"stream\":true");
          boolean began = response.statusCode() == 200;
          assertThat(began ? events(response.body()).getLast() : response.body())
              .contains("deadline_exceeded");
          return began && !decode.decodes.isEmpty();
        },
        "a stream begins");
    Await.until(() -> decode.cancelled.get() == decode.decodes.size(), "decode is cancelled");
    never.countDown();
  }

  @Test
  void severalModelsAreServedByTheirWorkers() {
    FakeWorker a = new FakeWorker(Role.ROLE_DECODE, "a");
    FakeWorker b = new FakeWorker(Role.ROLE_DECODE, "org/b");
    start(List.of(a, b));
    Await.until(() -> json(gateway.get("/v1/models")).get("data").size() == 2, "two models");
    assertThat(text(gateway.post(CHAT, HI + ",\"model\":\"org/b\"}"))).isEqualTo(ANSWER);
    assertThat(json(gateway.get("/v1/models/org/b")).get("id").asString()).isEqualTo("org/b");
    assertThat(json(gateway.get("/v1/models/org%2Fb")).get("id").asString()).isEqualTo("org/b");
    assertThat(a.decodes).isEmpty();
    assertThat(b.decodes).hasSize(1);
    assertThat(error(chat(""), 400).get("param").asString()).isEqualTo("model");
  }

  @Test
  void theLessLoadedDecodeWorkerIsChosen() {
    FakeWorker busy = FakeWorker.decode();
    FakeWorker idle = FakeWorker.decode();
    busy.running = 5;
    start(List.of(busy, idle));
    Await.until(
        () -> {
          idle.decodes.clear();
          busy.decodes.clear();
          chat("");
          return idle.decodes.size() == 1;
        },
        "both are known");
    for (int i = 0; i < 5; i++) {
      chat("");
    }
    assertThat(busy.decodes).isEmpty();
  }

  @Test
  void aDrainLetsAnswersFinishAndTakesNoMore() {
    FakeWorker decode = FakeWorker.decode();
    CountDownLatch gate = new CountDownLatch(1);
    decode.tokensBeforeGate = 2;
    decode.decodeGate = gate;
    start(List.of(decode));
    var running =
        gateway.http.sendAsync(
            gateway.postRequest(CHAT, HI + "}").build(), HttpResponse.BodyHandlers.ofString());
    Await.until(() -> decode.open.get() == 1, "decoding");
    Thread stopping = Thread.ofVirtual().start(gateway.context::close);
    Await.until(() -> gateway.get("/ready").statusCode() == 503, "draining");
    HttpResponse<String> refused = chat("");
    assertThat(error(refused, 503).get("message").asString()).contains("stopping");
    gate.countDown();
    assertThat(text(running.join())).isEqualTo(ANSWER);
    Await.until(() -> !stopping.isAlive(), "stopped");
  }
}
