package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.gateway.config.GatewayProperties.CircuitBreaking;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

class CallGuardTest {

  private static final CircuitBreaking LIMITS =
      new CircuitBreaking(50, 10, 4, Duration.ofSeconds(5), Duration.ofSeconds(60), 2, 3);

  private long now;
  private final CallGuard guard = new CallGuard("w:1", LIMITS, () -> now);

  private void pass(long millis) {
    now += millis * 1_000_000;
  }

  private static boolean blames(Throwable error) {
    return Status.fromThrowable(error).getCode() == Status.Code.UNAVAILABLE;
  }

  private <T> Flux<T> over(Flux<T> call) {
    return guard.over(call, CallGuardTest::blames);
  }

  private void succeeds() {
    assertThat(over(Flux.just(1)).collectList().block()).containsExactly(1);
  }

  private void fails(Status status) {
    assertThatThrownBy(() -> over(Flux.error(status.asRuntimeException())).blockLast())
        .hasMessage(status.getCode().name());
  }

  private void breaks() {
    for (int i = 0; i < 4; i++) {
      fails(Status.UNAVAILABLE);
    }
    assertThat(guard.inService()).isFalse();
  }

  @Test
  void fewFailuresAreNoReason() {
    fails(Status.UNAVAILABLE);
    fails(Status.UNAVAILABLE);
    fails(Status.UNAVAILABLE);
    assertThat(guard.inService()).as("fewer than the least number of calls").isTrue();
  }

  @Test
  void lessThanHalfIsNoReason() {
    for (int i = 0; i < 4; i++) {
      succeeds();
    }
    for (int i = 0; i < 3; i++) {
      fails(Status.UNAVAILABLE);
    }
    assertThat(guard.inService()).isTrue();
  }

  @Test
  void manyAre() {
    succeeds();
    succeeds();
    fails(Status.UNAVAILABLE);
    assertThat(guard.inService()).isTrue();
    fails(Status.UNAVAILABLE);
    assertThat(guard.inService()).isFalse();
  }

  @Test
  void whatIsNotItsFaultDoesNotCount() {
    for (int i = 0; i < 20; i++) {
      fails(Status.INVALID_ARGUMENT);
    }
    assertThat(guard.inService()).isTrue();
  }

  @Test
  void aStreamThatBreaksLaterIsAFailureToo() {
    for (int i = 0; i < 4; i++) {
      Flux<Integer> call =
          over(Flux.concat(Flux.just(1), Flux.error(Status.UNAVAILABLE.asRuntimeException())));
      assertThatThrownBy(call::blockLast).hasMessage("UNAVAILABLE");
    }
    assertThat(guard.inService()).isFalse();
  }

  /** Between 2.5 s and 7.5 s later, as half of the time is drawn. */
  @Test
  void afterAWhileFewTrialsDecide() {
    breaks();
    pass(2_400);
    assertThat(guard.inService()).isFalse();
    pass(5_200);
    List<Sinks.Many<Integer>> trials = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      assertThat(guard.inService()).isTrue();
      Sinks.Many<Integer> trial = Sinks.many().unicast().onBackpressureBuffer();
      trials.add(trial);
      over(trial.asFlux()).subscribe();
    }
    assertThat(guard.inService()).as("two trials are under way").isFalse();
    trials.forEach(trial -> trial.tryEmitNext(1));
    assertThat(guard.inService()).as("they work, though they are not over").isTrue();
    succeeds();
    succeeds();
    succeeds();
    assertThat(guard.inService()).isTrue();
  }

  @Test
  void trialsThatFailPutItOffForTwiceAsLong() {
    breaks();
    pass(7_600);
    fails(Status.UNAVAILABLE);
    fails(Status.UNAVAILABLE);
    assertThat(guard.inService()).isFalse();
    pass(4_900);
    assertThat(guard.inService()).isFalse();
    pass(10_200);
    assertThat(guard.inService()).isTrue();
  }

  /** A prompt takes what it takes. */
  @Test
  void slowCallsAreNoFailures() {
    for (int i = 0; i < 10; i++) {
      Flux<Integer> slow =
          Flux.defer(
              () -> {
                pass(120_000);
                return Flux.just(1);
              });
      assertThat(over(slow).blockLast()).isEqualTo(1);
    }
    assertThat(guard.inService()).isTrue();
  }

  @Test
  void aTrialThatIsCancelledLeavesItsPlace() {
    breaks();
    pass(7_600);
    for (int i = 0; i < 5; i++) {
      Disposable trial = over(Flux.never()).subscribe();
      trial.dispose();
    }
    assertThat(guard.inService()).isTrue();
  }

  @Test
  void callsHaveRoomUntilSoManyAreOpen() {
    List<Disposable> open = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      assertThat(guard.hasRoom()).isTrue();
      open.add(over(Flux.never()).subscribe());
    }
    assertThat(guard.hasRoom()).isFalse();
    assertThatThrownBy(() -> over(Flux.just(1)).blockLast())
        .hasMessageContaining("RESOURCE_EXHAUSTED")
        .hasMessageContaining("w:1");
    open.getFirst().dispose();
    assertThat(guard.hasRoom()).isTrue();
    succeeds();
    assertThat(guard.inService()).as("being full is no failure").isTrue();
  }
}
