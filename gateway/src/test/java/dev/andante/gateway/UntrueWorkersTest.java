package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.StepCost;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Workers whose word is wrong or does not come, and gateways that do not know of one another. */
@Tag("slow")
class UntrueWorkersTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
  private static final String ANSWER = "an answer that goes on";

  private final List<GatewayFixture> gateways = new ArrayList<>();
  private final FakeWorker one = FakeWorker.decode();
  private final FakeWorker other = FakeWorker.decode();
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void stop() {
    gate.countDown();
    gateways.forEach(GatewayFixture::close);
  }

  private GatewayFixture start(List<FakeWorker> workers, String... properties) {
    workers.forEach(worker -> worker.answers(ANSWER));
    GatewayFixture gateway = GatewayFixture.start(workers, properties);
    gateways.add(gateway);
    return gateway;
  }

  private static CompletableFuture<HttpResponse<String>> later(GatewayFixture gateway) {
    return gateway.http.sendAsync(
        gateway.postRequest(CHAT, HI).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static void whole(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(json(response).at("/choices/0/message/content").asString()).isEqualTo(ANSWER);
  }

  private void everythingIsGivenBack() {
    Await.until(
        () -> held().stream().allMatch(count -> count == 0), () -> "all is given back: " + held());
  }

  /** Calls open at each worker, then requests running and queued at each gateway. */
  private List<Double> held() {
    List<Double> held = new ArrayList<>(List.of(one.open.doubleValue(), other.open.doubleValue()));
    for (GatewayFixture gateway : gateways) {
      held.add(gateway.metric("andante_admission_running"));
      held.add(gateway.metric("andante_admission_queued"));
    }
    return held;
  }

  /** It says that it is idle, and takes nothing; the busy one does all the work. */
  @Test
  void whoSaysThatItIsFreeAndIsNotCostsAnAttemptAndNoAnswer() {
    one.places = 0;
    other.running = 50;
    GatewayFixture gateway =
        start(List.of(one, other), "andante.gateway.routing.retry-backoff=1ms");
    List<CompletableFuture<HttpResponse<String>>> asked = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      asked.add(later(gateway));
    }
    asked.forEach(request -> whole(request.join()));
    assertThat(one.decodes).isNotEmpty();
    assertThat(one.mostOpen).hasValue(0);
    everythingIsGivenBack();
  }

  @Test
  void nonsenseInAStatusBreaksNothing() {
    StepCost nonsense =
        StepCost.newBuilder()
            .setBaseSeconds(Double.NaN)
            .setPerRowSeconds(Double.NEGATIVE_INFINITY)
            .setPerPairSeconds(1e300)
            .setSamples(Long.MAX_VALUE)
            .setMaxBatchTokens(Integer.MIN_VALUE)
            .build();
    GatewayFixture gateway =
        start(List.of(one, other), "andante.gateway.admission.reject-when-late=on");
    one.telling =
        status ->
            status.toBuilder()
                .setRunning(Integer.MAX_VALUE)
                .setWaiting(Integer.MAX_VALUE)
                .setFreeBlocks(Integer.MIN_VALUE)
                .setTotalBlocks(Integer.MAX_VALUE)
                .setBlockSize(Integer.MAX_VALUE)
                .setQueuedPromptTokens(Long.MIN_VALUE)
                .setStepCost(nonsense)
                .build();
    other.telling =
        status ->
            status.toBuilder()
                .setRunning(Integer.MIN_VALUE)
                .setFreeBlocks(Integer.MAX_VALUE)
                .setTotalBlocks(Integer.MIN_VALUE)
                .setQueuedPromptTokens(Long.MAX_VALUE)
                .setStepCost(nonsense)
                .build();
    int told = one.statuses.get() + other.statuses.get();
    Await.until(() -> one.statuses.get() + other.statuses.get() > told + 6, "it is known");
    for (int i = 0; i < 10; i++) {
      whole(gateway.post(CHAT, HI));
    }
    assertThat(gateway.get("/ready").statusCode()).isEqualTo(200);
    assertThat(gateway.metric("andante_qoe_pressure ")).isBetween(0.0, 100.0);
    everythingIsGivenBack();
  }

  @Test
  void whoseStatusStallsGetsNoNewWorkUntilItIsBackAndKeepsItsAnswers() {
    one.decodeGate = gate;
    one.tokensBeforeGate = 1;
    other.running = 50;
    GatewayFixture gateway =
        start(
            List.of(one, other),
            "andante.gateway.discovery.stale-after=300ms",
            "andante.gateway.discovery.status-timeout=100ms");
    CompletableFuture<HttpResponse<String>> there = later(gateway);
    Await.until(() -> one.open.get() == 1, "it answers on the idle one");
    CountDownLatch stall = new CountDownLatch(1);
    one.statusGate = stall;
    Await.until(
        () -> {
          int before = other.decodes.size();
          CompletableFuture<HttpResponse<String>> asked = later(gateway);
          Await.until(() -> asked.isDone() || one.open.get() > 1, "somebody has it");
          boolean elsewhere = other.decodes.size() > before;
          if (!elsewhere) {
            asked.cancel(true);
            Await.until(() -> one.open.get() == 1, "it is given up");
          }
          return elsewhere;
        },
        "it gets no new work");
    one.statusGate = null;
    stall.countDown();
    gate.countDown();
    whole(there.join());
    int before = one.decodes.size();
    Await.until(
        () -> {
          whole(gateway.post(CHAT, HI));
          return one.decodes.size() > before;
        },
        "it is back");
    everythingIsGivenBack();
  }

  /** Either would fill the worker; what the worker grants is what counts. */
  @Test
  void twoGatewaysOverOneWorkerWaitForItsPlaces() {
    one.places = 3;
    one.decodeGate = gate;
    String[] patient = {
      "andante.gateway.routing.retry-backoff=10ms", "andante.gateway.admission.queue-timeout=30s"
    };
    List<GatewayFixture> both = List.of(start(List.of(one), patient), start(List.of(one), patient));
    List<CompletableFuture<HttpResponse<String>>> asked = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      both.forEach(gateway -> asked.add(later(gateway)));
    }
    Await.until(() -> one.open.get() == 3 && one.decodes.size() >= 20, "all have asked");
    gate.countDown();
    asked.forEach(request -> whole(request.join()));
    assertThat(one.mostOpen).hasValue(3);
    everythingIsGivenBack();
  }
}
