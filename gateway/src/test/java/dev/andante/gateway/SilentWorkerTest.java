package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A worker that hangs with its connections open. */
@Tag("slow")
class SilentWorkerTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
  private static final String ANSWER = "an answer that goes on";

  private final CountDownLatch gate = new CountDownLatch(1);
  private final FakeWorker silent = FakeWorker.decode();
  private final FakeWorker other = FakeWorker.decode();
  private GatewayFixture gateway;

  @AfterEach
  void stop() {
    gate.countDown();
    gateway.close();
  }

  private CompletableFuture<HttpResponse<String>> ask(FakeWorker... more) {
    List.of(silent, other).forEach(worker -> worker.answers(ANSWER));
    other.ready = false;
    List<FakeWorker> workers = new ArrayList<>(List.of(silent, other));
    workers.addAll(List.of(more));
    gateway =
        GatewayFixture.start(
            workers,
            "andante.gateway.discovery.silent-after=600ms",
            "andante.gateway.discovery.status-timeout=100ms");
    return gateway.http.sendAsync(
        gateway.postRequest(CHAT, HI).build(), HttpResponse.BodyHandlers.ofString());
  }

  private void fallsSilent() {
    silent.statusGate = gate;
    other.ready = true;
  }

  /** Until it has been asked for its status so often that it could have been left. */
  private void awaitQuestions(int more) {
    int before = silent.statuses.get();
    Await.until(() -> silent.statuses.get() >= before + more, "it has been silent for a while");
  }

  private double resumed() {
    return gateway.metric("andante_resumed_streams_total");
  }

  /** Long before the fake worker has enough of waiting. */
  private static void isWhole(CompletableFuture<HttpResponse<String>> response) {
    JsonNode answer = json(response.orTimeout(20, TimeUnit.SECONDS).join());
    assertThat(answer.at("/choices/0/message/content").asString()).isEqualTo(ANSWER);
    assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(ANSWER.length() + 1);
  }

  @Test
  void itsAnswersGoOnElsewhere() {
    silent.tokensBeforeGate = 4;
    silent.decodeGate = gate;
    var response = ask();
    Await.until(() -> silent.open.get() == 1, "decoding");
    fallsSilent();
    isWhole(response);
    assertThat(resumed()).isEqualTo(1);
    assertThat(other.decodes.getFirst().getLocal().getGenerated()).isEqualTo(4);
    Await.until(() -> silent.cancelled.get() == 1, "the call is cancelled");
    Await.until(() -> gateway.metric("andante_admission_running") == 0, "all is given back");
  }

  @Test
  void itsPromptsGoElsewhere() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker better = FakeWorker.prefill();
    List.of(prefill, better).forEach(worker -> worker.answers(ANSWER));
    prefill.prefillGate = gate;
    better.ready = false;
    var response = ask(prefill, better);
    Await.until(() -> prefill.prefills.size() == 1, "computing the prompt");
    prefill.statusGate = gate;
    better.ready = true;
    isWhole(response);
    assertThat(better.prefills).hasSize(1);
    Await.until(() -> prefill.cancelled.get() == 1, "the call is cancelled");
  }

  @Test
  void aPromptIsNotComputedForADecodeThatHangs() {
    FakeWorker prefill = FakeWorker.prefill();
    CountDownLatch computed = new CountDownLatch(1);
    prefill.answers(ANSWER);
    prefill.prefillGate = computed;
    var response = ask(prefill);
    Await.until(() -> prefill.prefills.size() == 1, "computing the prompt");
    fallsSilent();
    Await.until(() -> prefill.prefills.size() == 2, "computing it again");
    computed.countDown();
    isWhole(response);
    assertThat(prefill.prefills.getFirst().getKvTarget()).isEqualTo(silent.target());
    assertThat(prefill.prefills.getLast().getKvTarget()).isEqualTo(other.target());
    assertThat(other.decodes).hasSize(1);
  }

  @Test
  void theOnlyOneIsWaitedFor() {
    silent.tokensBeforeGate = 4;
    silent.decodeGate = gate;
    var response = ask();
    Await.until(() -> silent.open.get() == 1, "decoding");
    silent.statusGate = gate;
    awaitQuestions(15); // each times out after a tenth of a second
    assertThat(response).isNotDone();
    gate.countDown();
    isWhole(response);
    assertThat(resumed()).isZero();
  }

  @Test
  void oneThatTellsItsStatusMayThink() {
    silent.tokensBeforeGate = 4;
    silent.decodeGate = gate;
    var response = ask();
    Await.until(() -> silent.open.get() == 1, "decoding");
    other.ready = true;
    awaitQuestions(75); // fifty a second at most
    assertThat(response).isNotDone();
    gate.countDown();
    isWhole(response);
    assertThat(resumed()).isZero();
    assertThat(other.decodes).isEmpty();
  }
}
