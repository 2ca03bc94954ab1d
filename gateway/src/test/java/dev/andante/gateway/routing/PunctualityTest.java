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
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PunctualityTest {

  /** A millisecond a token, whatever the step. */
  private static final StepCost COST =
      StepCost.newBuilder().setPerRowSeconds(1e-3).setSamples(1000).setMaxBatchTokens(256).build();

  private final WorkerRegistry registry =
      new WorkerRegistry(Duration.ofSeconds(60), WorkerLimits.DEFAULT);
  private final Placer placer = new Placer(registry, 0, false, new Random(1)::nextInt);
  private long late;
  private ServedModel model;

  @BeforeEach
  void start() {
    registry.replace(WorkerKind.DECODE, Set.of("d:1"));
    registry.replace(WorkerKind.PREFILL, Set.of("p1:1", "p2:1"));
    model = ServedModel.of(TestModel.info("m", true), Instant.EPOCH);
    registry.catalog().add(model);
    says("d:1", 0, COST);
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  private void says(String target, long queued, StepCost cost) {
    WorkerStatus status =
        WorkerStatus.newBuilder()
            .setReady(true)
            .setInstance(target)
            .setFreeBlocks(100)
            .setBlockSize(16)
            .setQueuedPromptTokens(queued)
            .setStepCost(cost)
            .build();
    registry.workers().stream()
        .filter(worker -> worker.target().equals(target))
        .forEach(
            worker ->
                worker.report(new Worker.Report(status, model.fingerprint(), System.nanoTime())));
  }

  private void queued(long first, long second) {
    says("p1:1", first, COST);
    says("p2:1", second, COST);
  }

  private @Nullable ApiException check(boolean on, int tokens, double expected, double wait) {
    return check(on, Wanted.of(tokens), expected, wait);
  }

  private @Nullable ApiException check(boolean on, Wanted prompt, double expected, double wait) {
    Punctuality punctuality =
        new Punctuality(
            on, 2, Duration.ofSeconds(30), placer, () -> System.nanoTime() + late * 1_000_000_000L);
    return catchThrowableOfType(
        ApiException.class,
        () -> punctuality.check(model, () -> prompt, new QoeSpec(expected, 4.8), true, () -> wait));
  }

  private @Nullable ApiException check(int tokens, double expected) {
    return check(true, tokens, expected, 0);
  }

  @Test
  void theBestPlacementDecides() {
    queued(90_000, 1000);
    assertThat(check(500, 1)).isNull();
    queued(90_000, 1600);
    assertThat(check(500, 1))
        .isInstanceOfSatisfying(
            ApiException.class,
            refused -> {
              assertThat(refused.status()).isEqualTo(429);
              assertThat(refused.dropReason()).isEqualTo(DropReason.PREDICTED_LATE);
              assertThat(refused.code()).isEqualTo("predicted_late");
              assertThat(refused.text()).contains("2.1 s", "2.0 s");
            });
  }

  /** Asking again then is accepted, and a second before it is not. */
  @Test
  void retryAfterIsTrue() {
    for (long queue = 1600; queue < 60_000; queue += 777) {
      queued(queue, queue);
      ApiException refused = Objects.requireNonNull(check(500, 1));
      long seconds = Objects.requireNonNull(refused.retryAfter()).toSeconds();
      queued(Math.max(0, queue - 1000 * seconds), 90_000);
      assertThat(check(500, 1)).as("%d tokens, %d s later", queue, seconds).isNull();
      queued(queue - 1000 * (seconds - 1), 90_000);
      assertThat(check(500, 1)).isNotNull();
    }
  }

  @Test
  void whatThePrefixCacheHasIsNotWaitedFor() {
    int[] prompt = new Random(3).ints(500, 0, 100).toArray();
    Wanted wanted = Wanted.of(model, prompt, List.of());
    queued(90_000, 1600);
    assertThat(check(true, wanted, 1, 0)).isNotNull();
    Worker second =
        registry.workers().stream().filter(w -> w.target().equals("p2:1")).findAny().orElseThrow();
    KeptPrefix.told(second, model, prompt, 30);
    assertThat(check(true, wanted, 1, 0)).isNull();
    ApiException refused = Objects.requireNonNull(check(true, wanted, 1, 0.5));
    assertThat(refused.text()).contains("2.1 s", "2.0 s");
    int[] another = prompt.clone();
    another[0]++;
    assertThat(check(true, Wanted.of(model, another, List.of()), 1, 0)).isNotNull();
  }

  @Test
  void theTurnAtTheGatewayCounts() {
    queued(1000, 1000);
    assertThat(check(true, 500, 1, 0.4)).isNull();
    ApiException refused = Objects.requireNonNull(check(true, 500, 1, 5));
    assertThat(refused.retryAfter()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void nothingIsRefusedWhenOff() {
    queued(90_000, 90_000);
    assertThat(check(true, 500, 1, 9)).isNotNull();
    assertThat(check(false, 500, 1, 9)).isNull();
  }

  @Test
  void noPromptIsRefusedForItsLengthAlone() {
    queued(0, 0);
    assertThat(check(50_000, 1)).isNull();
    queued(40_000, 40_000);
    assertThat(check(50_000, 1)).isNull();
    queued(60_000, 60_000);
    assertThat(Objects.requireNonNull(check(50_000, 1)).retryAfter())
        .isEqualTo(Duration.ofSeconds(11));
  }

  @Test
  void anOldStatusAndAnUnlearntCostAreNotJudgedBy() {
    queued(90_000, 90_000);
    late = 31;
    assertThat(check(500, 1)).isNull();
    late = 29;
    assertThat(check(500, 1)).isNotNull();
    StepCost guess = COST.toBuilder().setSamples(3).build();
    says("p1:1", 90_000, guess);
    says("p2:1", 90_000, guess);
    assertThat(check(500, 1)).isNull();
  }

  @Test
  void withoutPrefillDecodeIsJudgedAndWithoutAnybodyNothingIs() {
    registry.replace(WorkerKind.PREFILL, Set.of());
    says("d:1", 90_000, COST);
    assertThat(check(500, 1)).isNotNull();
    registry.replace(WorkerKind.DECODE, Set.of());
    assertThat(check(500, 1)).isNull();
  }
}
