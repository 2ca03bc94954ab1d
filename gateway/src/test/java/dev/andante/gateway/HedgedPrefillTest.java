package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.TransferCost;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.RequestIds;
import io.grpc.Status;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A second prefill worker is asked for a prompt that the first one is late with. */
@Tag("slow")
class HedgedPrefillTest {

  private static final String BODY = "{\"prompt\":\"Once\",\"max_tokens\":99}";
  private static final String ANSWER = "an answer that goes on";

  private final FakeWorker one = FakeWorker.prefill();
  private final FakeWorker two = FakeWorker.prefill();
  private final FakeWorker decode = FakeWorker.decode();
  private final CountDownLatch gate = new CountDownLatch(1);
  private FakeWorker first; // who is asked while both are idle
  private FakeWorker second;
  private final Map<String, Double> hedgesBefore = new HashMap<>();
  private GatewayFixture gateway;

  @AfterEach
  void stop() {
    gate.countDown();
    gateway.close();
  }

  private void start(double share) {
    start(share, 20);
  }

  /** Prefill's steps take no time worth a word: a prompt takes what the gateway's calls do. */
  private void start(double share, int leastWaitMillis) {
    for (FakeWorker worker : List.of(one, two, decode)) {
      worker.answers(ANSWER);
      worker.stepCost =
          StepCost.newBuilder()
              .setBaseSeconds(1e-2)
              .setPerRowSeconds(1e-5)
              .setSamples(100)
              .setMaxBatchTokens(256)
              .build();
      worker.transferCost = TransferCost.newBuilder().setBaseSeconds(1e-3).setSamples(20).build();
    }
    gateway =
        GatewayFixture.start(
            List.of(one, two, decode),
            "andante.gateway.hedging.least-wait=" + leastWaitMillis + "ms",
            "andante.gateway.hedging.share=" + share);
    int before = two.statuses.get();
    Await.until(() -> two.statuses.get() > before + 1, "both are known");
    // The last of them, once nothing is compiled or loaded any more, are what is usual.
    for (int i = 0; i < 60; i++) {
      isWhole(ask());
    }
    first = one.prefills.size() > two.prefills.size() ? one : two;
    second = first == one ? two : one;
    List.of(one, two).forEach(worker -> worker.prefills.clear());
    decode.decodes.clear();
    List.of(one, two).forEach(worker -> worker.cancelled.set(0)); // some may have been late before
    for (String outcome : List.of("won", "lost", "failed", "")) {
      hedgesBefore.put(outcome, gateway.metric(hedges(outcome)));
    }
  }

  private CompletableFuture<HttpResponse<String>> ask() {
    return ask(BODY);
  }

  private CompletableFuture<HttpResponse<String>> ask(String body) {
    return gateway.http.sendAsync(
        gateway.postRequest("/v1/completions", body).build(), HttpResponse.BodyHandlers.ofString());
  }

  /**
   * Neither is done before its gate opens.
   *
   * @param other the second one's
   */
  private CompletableFuture<HttpResponse<String>> askedOfBoth(CountDownLatch other) {
    first.prefillGate = gate;
    second.prefillGate = other;
    CompletableFuture<HttpResponse<String>> answer = ask();
    Await.until(() -> second.prefills.size() == 1, "the second one is asked");
    return answer;
  }

  private static void isWhole(CompletableFuture<HttpResponse<String>> response) {
    HttpResponse<String> answer = response.orTimeout(20, TimeUnit.SECONDS).join();
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(json(answer.body()).at("/choices/0/text").asString()).isEqualTo(ANSWER);
  }

  /** Each takes 20 ms at least. */
  private void awaitStatuses(int more) {
    int before = second.statuses.get();
    Await.until(() -> second.statuses.get() >= before + more, "some time is over");
  }

  /** Since the gateway had learnt what is usual. */
  private double hedged(String outcome) {
    return gateway.metric(hedges(outcome)) - hedgesBefore.getOrDefault(outcome, 0.0);
  }

  private static String hedges(String outcome) {
    return "andante_hedged_prefills_total{outcome=\"" + outcome;
  }

  /** Of reservations these workers know nothing. */
  private void everythingIsGivenBack() {
    Await.until(
        () -> gateway.metric("andante_admission_running") == 0 && decode.open.get() == 0,
        "all is given back");
  }

  @Test
  void whoIsDoneFirstServesTheAnswer() {
    start(1);
    first.prefillGate = gate;
    isWhole(ask());
    PrefillRequest late = first.prefills.getFirst();
    PrefillRequest other = second.prefills.getFirst();
    assertThat(other.toBuilder().setAttempt(late.getAttempt()).clearReader().build())
        .isEqualTo(late.toBuilder().clearReader().build());
    assertThat(other.getReader().getWaitedMicros()).isGreaterThan(20_000);
    assertThat(RequestIds.ofAttempt(other.getAttempt().getRequestId()))
        .as("for logs it is the same request")
        .isEqualTo(RequestIds.ofAttempt(late.getAttempt().getRequestId()));
    assertThat(other.getAttempt().getRequestId())
        .as("decode keeps blocks for both")
        .isEqualTo(late.getAttempt().getRequestId() + "+1");
    assertThat(decode.decodes.getFirst().getAttempt()).isEqualTo(other.getAttempt());
    Await.until(() -> first.cancelled.get() == 1, "who is late is cancelled");
    assertThat(hedged("won")).isEqualTo(1);
    everythingIsGivenBack();
  }

  /** What was begun as one request goes on as it, so that later attempts overtake it. */
  @Test
  void itsLaterAttemptsOvertakeItsEarlierOnes() {
    start(1);
    first.prefillGate = gate;
    decode.decodeFailures.add(new FakeWorker.Cut(2, Status.UNAVAILABLE.asRuntimeException()));
    CompletableFuture<HttpResponse<String>> answer = ask();
    Await.until(() -> !decode.decodes.isEmpty(), "decoding");
    gate.countDown();
    isWhole(answer);
    List<PrefillRequest> all = new ArrayList<>(first.prefills);
    all.addAll(second.prefills);
    String hedge = decode.decodes.getFirst().getAttempt().getRequestId();
    assertThat(hedge).endsWith("+1");
    assertThat(all).anyMatch(request -> request.getAttempt().getEpoch() == 1);
    assertThat(all)
        .filteredOn(request -> request.getAttempt().getEpoch() == 1)
        .first()
        .satisfies(request -> assertThat(request.getAttempt().getRequestId()).isEqualTo(hedge));
    assertThat(decode.decodes.getLast().getAttempt().getEpoch()).isEqualTo(1);
    everythingIsGivenBack();
  }

  @Test
  void anAnswerOfOneTokenHasOneWinner() {
    start(1);
    first.prefillGate = gate;
    HttpResponse<String> answer = ask("{\"prompt\":\"Once\",\"max_tokens\":1}").join();
    assertThat(json(answer.body()).at("/choices/0/text").asString()).isEqualTo("a");
    assertThat(decode.decodes).isEmpty();
    Await.until(() -> first.cancelled.get() == 1, "who is late is cancelled");
    assertThat(hedged("won")).isEqualTo(1);
    assertThat(hedged("lost")).isZero();
    everythingIsGivenBack();
  }

  /** Nobody else is there to take over from a second one that hangs. */
  @Test
  void ifTheFirstOneFailsTheSecondMustNotBeLateToo() {
    start(1);
    CompletableFuture<HttpResponse<String>> answer = askedOfBoth(gate);
    first.kill();
    Await.until(() -> second.cancelled.get() == 1, "it is given up");
    isWhole(answer); // of whoever computes the prompt now, though neither of them goes on
    assertThat(hedged("failed")).isEqualTo(1);
    everythingIsGivenBack();
  }

  @Test
  void theFirstOneMayStillWin() {
    start(1);
    CountDownLatch other = new CountDownLatch(1);
    CompletableFuture<HttpResponse<String>> answer = askedOfBoth(other);
    gate.countDown();
    isWhole(answer);
    assertThat(decode.decodes.getFirst().getAttempt())
        .isEqualTo(first.prefills.getFirst().getAttempt());
    Await.until(() -> second.cancelled.get() == 1, "the second one is cancelled");
    other.countDown();
    assertThat(hedged("lost")).isEqualTo(1);
    everythingIsGivenBack();
  }

  @Test
  void aSecondOneThatFailsIsNoHarm() {
    start(1);
    first.prefillGate = gate;
    second.prefillFailures.add(
        Failures.of(Status.Code.RESOURCE_EXHAUSTED, "saturated", "no blocks", true));
    CompletableFuture<HttpResponse<String>> answer = ask();
    Await.until(() -> hedged("failed") == 1, "the second one has failed");
    assertThat(answer).isNotDone();
    gate.countDown();
    isWhole(answer);
    assertThat(second.prefills).as("it is not asked again").hasSize(1);
    everythingIsGivenBack();
  }

  @Test
  void aFirstOneThatFailsLaterIsNoHarm() {
    start(1, 2000); // which is how long the second one has, too
    CountDownLatch other = new CountDownLatch(1);
    CompletableFuture<HttpResponse<String>> answer = askedOfBoth(other);
    first.kill();
    other.countDown();
    isWhole(answer);
    assertThat(second.prefills).as("the same call").hasSize(1);
    assertThat(gateway.metric("andante_retried_requests_total")).isZero();
    everythingIsGivenBack();
  }

  @Test
  void aClientThatLeavesLeavesBoth() {
    start(1);
    CountDownLatch other = new CountDownLatch(1);
    CompletableFuture<HttpResponse<String>> answer = askedOfBoth(other);
    answer.cancel(true);
    Await.until(
        () -> first.cancelled.get() == 1 && second.cancelled.get() == 1, "both are cancelled");
    other.countDown();
    assertThat(hedged("")).isZero();
    everythingIsGivenBack();
  }

  @Test
  void onlyOneOfTwentyByDefault() {
    start(0.05); // sixty of them: three saved up, if none of them was late
    first.prefillGate = gate;
    int asked = 60;
    CompletableFuture<HttpResponse<String>> answer;
    do {
      assertThat(asked).isLessThan(70);
      answer = ask();
      asked++;
      awaitDoneOrLate(answer);
    } while (answer.isDone());
    assertThat(gateway.metric(hedges(""))).isBetween(1.0, 0.05 * asked);
    gate.countDown();
    isWhole(answer);
    everythingIsGivenBack();
  }

  private void awaitDoneOrLate(CompletableFuture<?> answer) {
    int before = second.statuses.get();
    Await.until(
        () -> answer.isDone() || second.statuses.get() >= before + 50, "a second at the least");
  }

  @Test
  void aBusyOneIsNotAsked() {
    start(1);
    second.queuedPromptTokens = 1_000_000; // some minutes
    awaitStatuses(2);
    first.prefillGate = gate;
    CompletableFuture<HttpResponse<String>> answer = ask();
    Await.until(() -> first.prefills.size() == 1, "the first one is asked");
    awaitStatuses(20);
    assertThat(second.prefills).isEmpty();
    gate.countDown();
    isWhole(answer);
    everythingIsGivenBack();
  }
}
