package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.andante.gateway.TestModel;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.qoe.QoeSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** Refusing what would come more slowly than its reader reads. Answers stay for ten seconds. */
class SlowTokensTest {

  /** Ten milliseconds for each answer in a step. */
  private static final StepCost DECODE =
      StepCost.newBuilder().setPerRowSeconds(0.01).setSamples(100).setMaxBatchTokens(256).build();

  /** A millisecond a token. */
  private static final StepCost PREFILL = DECODE.toBuilder().setPerRowSeconds(1e-3).build();

  /** Reads a token every 50 ms, and waits for the first one as long as it takes. */
  private static final QoeSpec READER = new QoeSpec(3600, 20);

  private long now = 1_000_000_000L;
  private final WorkerRegistry registry =
      new WorkerRegistry(Duration.ofSeconds(60), WorkerLimits.DEFAULT, () -> now);
  private final Placer placer = new Placer(registry, 0, false, new Random(1)::nextInt);
  private final Punctuality punctuality =
      new Punctuality(true, 2, Duration.ofSeconds(60), placer, System::nanoTime);
  private ServedModel model;

  @BeforeEach
  void start() {
    registry.replace(WorkerKind.DECODE, Set.of("d:1"));
    registry.replace(WorkerKind.PREFILL, Set.of("p:1"));
    model = ServedModel.of(TestModel.info("m", true), Instant.EPOCH);
    registry.catalog().add(model);
    decode(0, DECODE);
    prefill(0, 0);
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  private Worker worker(WorkerKind kind) {
    return registry.workers().stream().filter(one -> one.kind() == kind).findAny().orElseThrow();
  }

  private void says(WorkerKind kind, WorkerStatus.Builder status) {
    worker(kind)
        .report(
            new Worker.Report(
                status.setReady(true).setFreeBlocks(1000).setBlockSize(16).build(),
                model.fingerprint(),
                System.nanoTime()));
  }

  private void decode(int running, StepCost cost) {
    says(WorkerKind.DECODE, WorkerStatus.newBuilder().setRunning(running).setStepCost(cost));
  }

  private void prefill(int prompts, long tokens) {
    says(
        WorkerKind.PREFILL,
        WorkerStatus.newBuilder()
            .setRunning(Math.min(1, prompts))
            .setWaiting(Math.max(0, prompts - 1))
            .setQueuedPromptTokens(tokens)
            .setStepCost(PREFILL));
  }

  private void pass(double seconds) {
    now += (long) (seconds * 1e9);
  }

  private Disposable begin() {
    worker(WorkerKind.DECODE).begin(1);
    return worker(WorkerKind.DECODE)
        .answerTimes()
        .over(Flux.never())
        .doFinally(signal -> worker(WorkerKind.DECODE).end(1))
        .subscribe();
  }

  /** As many as it takes to know how long they stay. */
  private void seen() {
    for (int i = 0; i < AnswerTimes.LEAST_ENDED; i++) {
      Disposable answer = begin();
      pass(10);
      answer.dispose();
    }
  }

  private @Nullable ApiException check(QoeSpec reader, boolean streamed) {
    return catchThrowableOfType(
        ApiException.class,
        () -> punctuality.check(model, () -> Wanted.of(100), reader, streamed, () -> 0));
  }

  private @Nullable ApiException check() {
    return check(READER, true);
  }

  @Test
  void theBatchThatWillBeThereDecides() {
    seen();
    for (int i = 0; i < 4; i++) {
      begin();
    }
    assertThat(check()).as("five share 50 ms").isNull();
    begin();
    assertThat(check())
        .isInstanceOfSatisfying(
            ApiException.class,
            refused -> {
              assertThat(refused.status()).isEqualTo(429);
              assertThat(refused.dropReason()).isEqualTo(DropReason.PREDICTED_SLOW);
              assertThat(refused.code()).isEqualTo("predicted_slow");
              assertThat(refused.text()).contains("every 60 ms", "every 50 ms");
              assertThat(refused.retryAfter()).isEqualTo(Duration.ofSeconds(10));
            });
    pass(9.95);
    assertThat(check()).as("they will have ended when its prompt is computed").isNull();
  }

  /** Asking again then is accepted, and a second before it is not. */
  @Test
  void retryAfterIsTrue() {
    seen();
    Queue<Disposable> there = new ArrayDeque<>();
    for (int i = 0; i < 8; i++) {
      there.add(begin());
      pass(1);
    }
    ApiException refused = Objects.requireNonNull(check());
    long seconds = Objects.requireNonNull(refused.retryAfter()).toSeconds();
    assertThat(seconds).isEqualTo(5);
    for (long i = 1; i <= seconds; i++) {
      assertThat(check()).as("after %d s", i - 1).isNotNull();
      pass(1);
      if (i >= 2) { // the first one is ten seconds old then
        there.remove().dispose();
      }
    }
    assertThat(check()).isNull();
  }

  /** Of five that others have there, two will have ended in four seconds. */
  @Test
  void answersOfOtherGatewaysAreOfAllAges() {
    seen();
    decode(5, DECODE);
    ApiException refused = Objects.requireNonNull(check());
    assertThat(refused.retryAfter()).isEqualTo(Duration.ofSeconds(1));
    decode(4, DECODE);
    assertThat(check()).isNull();
  }

  /** Idle now: judged by the present it would be let in, and with it all that wait for prefill. */
  @Test
  void promptsUnderWayCount() {
    seen();
    prefill(5, 500);
    assertThat(Objects.requireNonNull(check()).dropReason()).isEqualTo(DropReason.PREDICTED_SLOW);
    prefill(4, 500);
    assertThat(check()).isNull();
  }

  @Test
  void nobodyIsRefusedForAPaceThatNoWorkerKeeps() {
    seen();
    QoeSpec fast = new QoeSpec(3600, 1000);
    assertThat(check(fast, true)).as("idle").isNull();
    begin();
    assertThat(Objects.requireNonNull(check(fast, true)).retryAfter())
        .isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void aWholeAnswerHasNoPace() {
    seen();
    decode(100, DECODE);
    assertThat(check(READER, true)).isNotNull();
    assertThat(check(READER, false)).isNull();
  }

  @Test
  void whatIsNotKnownIsNotJudgedBy() {
    decode(100, DECODE);
    assertThat(check()).as("how long answers stay").isNull();
    seen();
    assertThat(check()).isNotNull();
    decode(100, DECODE.toBuilder().setSamples(3).build());
    assertThat(check()).as("what steps take").isNull();
  }

  @Test
  void aWorkerThatLiesAboutItsAnswersCostsNoTime() {
    seen();
    says(
        WorkerKind.DECODE,
        WorkerStatus.newBuilder()
            .setRunning(Integer.MAX_VALUE)
            .setWaiting(Integer.MAX_VALUE)
            .setTotalBlocks(Integer.MAX_VALUE)
            .setStepCost(DECODE));
    prefill(Integer.MAX_VALUE, 500);
    assertThat(Objects.requireNonNull(check()).retryAfter())
        .isBetween(Duration.ofSeconds(1), Duration.ofHours(1));
    decode(Integer.MIN_VALUE, DECODE);
    prefill(-1, Long.MIN_VALUE);
    assertThat(check()).isNull();
  }

  @Test
  void aClockThatGoesBackMakesNothingNegative() {
    seen();
    begin();
    pass(-100);
    assertThat(worker(WorkerKind.DECODE).answerTimes().ages()).containsExactly(0.0);
    assertThat(check()).isNull();
    Disposable answer = begin();
    pass(-100);
    answer.dispose();
    assertThat(worker(WorkerKind.DECODE).answerTimes().meanSeconds().orElseThrow()).isPositive();
  }
}
