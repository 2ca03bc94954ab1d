package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.gateway.TestModel;
import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.WorkerStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Prompts that queue for computing ask for workers, whatever memory there is. */
class PromptPressureTest {

  /** A millisecond a token. */
  private static final StepCost COST =
      StepCost.newBuilder().setPerRowSeconds(1e-3).setSamples(100).setMaxBatchTokens(256).build();

  private final WorkerRegistry registry =
      new WorkerRegistry(Duration.ofSeconds(60), WorkerLimits.DEFAULT);
  private final PromptPressure pressure = new PromptPressure(registry, Duration.ofSeconds(2));
  private ServedModel model;

  @BeforeEach
  void start() {
    registry.replace(WorkerKind.PREFILL, Set.of("p1:1", "p2:1"));
    registry.replace(WorkerKind.DECODE, Set.of("d:1"));
    model = ServedModel.of(TestModel.info("m", true), Instant.EPOCH);
    registry.catalog().add(model);
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  private void says(String target, long queued, StepCost cost) {
    WorkerStatus status =
        WorkerStatus.newBuilder()
            .setReady(true)
            .setFreeBlocks(1_000_000)
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

  @Test
  void whatWaitsLongerThanReadersDoAsksForAsManyAsWouldServeItInTime() {
    assertThat(pressure.workers()).as("nobody said anything").isZero();
    says("p1:1", 2000, COST);
    says("p2:1", 500, COST);
    says("d:1", 0, COST);
    assertThat(pressure.workers()).as("nobody waits for more than two seconds").isZero();
    says("p1:1", 8000, COST);
    assertThat(pressure.workers()).isCloseTo(3, within(1e-9));
    says("d:1", 3000, COST);
    assertThat(pressure.workers()).as("decode computes some itself").isCloseTo(3.5, within(1e-9));
  }

  @Test
  void nobodyIsBelievedEverything() {
    says("p1:1", Long.MAX_VALUE, COST);
    says("p2:1", Long.MIN_VALUE, COST);
    assertThat(pressure.workers()).isEqualTo(10);
    says("p1:1", 9000, COST.toBuilder().setSamples(1).build());
    assertThat(pressure.workers()).as("a guess").isZero();
  }
}
