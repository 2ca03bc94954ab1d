package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.StatusRuntimeException;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What repeats attempts that brought nothing is within the budgets of workers. */
@Tag("slow")
class RetryBudgetTest extends FaultsTestBase {

  private void start(List<FakeWorker> workers, int most, double perSecond, String queueTimeout) {
    start(
        workers,
        "andante.gateway.retry-budget.share=0",
        "andante.gateway.retry-budget.per-second=" + perSecond,
        "andante.gateway.retry-budget.most=" + most,
        "andante.gateway.admission.queue-timeout=" + queueTimeout);
  }

  private static void fails(
      FakeWorker decode, int times, int afterTokens, StatusRuntimeException error) {
    for (int i = 0; i < times; i++) {
      decode.decodeFailures.add(new FakeWorker.Cut(afterTokens, error));
    }
  }

  private double delayed() {
    return gateway.metric("andante_delayed_retries_total");
  }

  /** All of them fail together: as the load that failed them is not to be multiplied. */
  @Test
  void attemptsThatBroughtNothingAreRepeatedWithinABudget() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode), 2, 0.01, "300ms");
    fails(decode, 2, 0, lost());
    assertThat(text(chat(""))).as("two were saved up").isEqualTo(ANSWER);
    fails(decode, 1, 0, lost());
    HttpResponse<String> refused = chat("");
    assertThat(error(refused, 429).get("message").asString()).contains("could not begin again");
    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    assertThat(delayed()).isPositive();
    assertThat(decode.decodes).as("one attempt of the last one").hasSize(4);
    assertThat(text(chat(""))).as("first attempts need none").isEqualTo(ANSWER);
    everythingIsGivenBack();
  }

  @Test
  void anAnswerWaitsForABudget() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode), 1, 2, "30s");
    fails(decode, 3, 0, lost());
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(decode.decodes.getLast().getAttempt().getEpoch()).isEqualTo(3);
    assertThat(delayed()).isPositive();
    everythingIsGivenBack();
  }

  /** The token that prefill computes with the prompt is no sign that decode works. */
  @Test
  void promptsAreComputedAgainWithinABudgetToo() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    start(List.of(prefill, decode), 2, 0.01, "300ms");
    for (int i = 0; i < 6; i++) {
      fails(decode, 1, 0, lost());
      fails(decode, 1, 0, draining());
    }
    error(chat(""), 429);
    assertThat(prefill.prefills).as("the first attempt and two more").hasSize(3);
    everythingIsGivenBack();
  }

  @Test
  void aDecodeThatFailsAfterPrefillAgainAndAgainEndsTheAnswer() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    start(List.of(prefill, decode));
    fails(decode, 12, 0, lost());
    error(chat(""), 502);
    assertThat(prefill.prefills).as("andante.gateway.routing.max-attempts").hasSize(4);
    everythingIsGivenBack();
  }

  /** Asking a full worker again costs it nothing. */
  @Test
  void waitingForRoomNeedsNoBudget() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode), 1, 0.01, "30s");
    fails(decode, 1, 0, lost());
    fails(decode, 4, 0, full());
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(delayed()).isZero();
    everythingIsGivenBack();
  }

  @Test
  void anAnswerThatHadTokensNeedsNoBudgetToGoOn() {
    FakeWorker decode = FakeWorker.decode();
    start(List.of(decode), 1, 0.01, "30s");
    fails(decode, 5, 1, lost());
    assertThat(text(chat(""))).isEqualTo(ANSWER);
    assertThat(delayed()).isZero();
    fails(decode, 1, 0, lost());
    assertThat(text(chat(""))).as("the one saved up is still there").isEqualTo(ANSWER);
    assertThat(delayed()).isZero();
    everythingIsGivenBack();
  }
}
