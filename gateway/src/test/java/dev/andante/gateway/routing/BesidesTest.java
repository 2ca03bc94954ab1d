package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.TestModel;
import dev.andante.gateway.config.GatewayProperties.CircuitBreaking;
import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.TransferCost;
import dev.andante.protocol.v1.WorkerStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Who is asked for a prompt that another prefill worker is late with. */
class BesidesTest {

  private static final int TOKENS = 100;

  private final WorkerRegistry registry =
      new WorkerRegistry(Duration.ofSeconds(60), WorkerLimits.DEFAULT);
  private final ServedModel model = ServedModel.of(TestModel.info("m", true), Instant.EPOCH);
  private final Tried tried = new Tried();

  @BeforeEach
  void start() {
    registry.catalog().add(model);
    registry.replace(WorkerKind.DECODE, Set.of("d:1"));
    registry.replace(WorkerKind.PREFILL, Set.of("late:1", "slow:1", "fast:1"));
    says("d:1", takes(1e-4));
    says("late:1", takes(1e-4));
    says("slow:1", takes(4e-4));
    says("fast:1", takes(2e-4));
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  /** A row takes so many seconds, a step and a hand-off a hundredth. */
  private static WorkerStatus.Builder takes(double perRow) {
    return WorkerStatus.newBuilder()
        .setReady(true)
        .setFreeBlocks(100)
        .setTotalBlocks(100)
        .setBlockSize(16)
        .setStepCost(
            StepCost.newBuilder()
                .setBaseSeconds(0.01)
                .setPerRowSeconds(perRow)
                .setSamples(100)
                .setMaxBatchTokens(256))
        .setTransferCost(TransferCost.newBuilder().setBaseSeconds(0.01).setSamples(20));
  }

  private void says(String target, WorkerStatus.Builder status) {
    worker(target)
        .report(
            new Worker.Report(
                status.setInstance(target).build(), model.fingerprint(), System.nanoTime()));
  }

  private Worker worker(String target) {
    return registry.workers().stream()
        .filter(worker -> worker.target().equals(target))
        .findFirst()
        .orElseThrow();
  }

  private Optional<String> besides(double seconds) {
    Placement late = new Placement(worker("d:1"), Optional.of(worker("late:1")), Optional.empty());
    return new Placer(registry, 0, false, new Random(1)::nextInt)
        .besides(model, Wanted.of(TOKENS), late, tried, seconds)
        .flatMap(Placement::prefill)
        .map(Worker::target);
  }

  @Test
  void whoIsPredictedToBeDoneFirst() {
    assertThat(besides(1)).hasValue("fast:1");
    says("fast:1", takes(2e-4).setQueuedPromptTokens(10_000));
    assertThat(besides(1)).hasValue("slow:1");
  }

  @Test
  void nobodyWhoIsNotSoonEnough() {
    assertThat(besides(0.041)).as("0.01 + 100 · 2e-4 + 0.01").hasValue("fast:1");
    assertThat(besides(0.039)).isEmpty();
  }

  @Test
  void nobodyWhoFailedTheRequest() {
    tried.refused(worker("fast:1"));
    assertThat(besides(1)).hasValue("slow:1");
    tried.lost(worker("slow:1"));
    assertThat(besides(1)).isEmpty();
  }

  /** Not even where most of a kind fail: a hedge is no need. */
  @Test
  void nobodyWhoseCallsFail() {
    for (String target : Set.of("fast:1", "slow:1")) {
      for (int i = 0; i < CircuitBreaking.DEFAULT.minimumCalls(); i++) {
        worker(target)
            .guard()
            .over(Flux.error(new IllegalStateException("broken")), _ -> true)
            .subscribe(_ -> {}, _ -> {});
      }
    }
    assertThat(registry.outOfService()).isEqualTo(2);
    assertThat(besides(1)).isEmpty();
  }

  @Test
  void nobodyOfWhomNothingIsKnown() {
    says("fast:1", takes(2e-4).clearStepCost());
    says("slow:1", takes(4e-4).clearTransferCost());
    assertThat(besides(1000)).isEmpty();
  }

  /** It keeps blocks for either. */
  @Test
  void nobodyWhereDecodeHasNoRoomForTwo() {
    says("d:1", takes(1e-4).setFreeBlocks(13));
    assertThat(besides(1)).hasValue("fast:1");
    says("d:1", takes(1e-4).setFreeBlocks(12));
    assertThat(besides(1)).isEmpty();
  }
}
