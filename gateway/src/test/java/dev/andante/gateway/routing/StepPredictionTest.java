package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.WorkerStatus;
import org.junit.jupiter.api.Test;

class StepPredictionTest {

  private static final StepCost COST =
      StepCost.newBuilder()
          .setBaseSeconds(0.01)
          .setPerRowSeconds(0.001)
          .setPerPairSeconds(1e-6)
          .setSamples(StepPrediction.LEAST_SAMPLES)
          .setMaxBatchTokens(100)
          .build();

  private static Worker worker(WorkerKind kind, WorkerStatus.Builder status) {
    Worker worker = new Worker(kind, "w:1", WorkerLimits.DEFAULT, System::nanoTime);
    worker.report(new Worker.Report(status.setStepCost(COST).build(), "m", 0));
    return worker;
  }

  private static StepPrediction of(Worker worker) {
    return StepPrediction.of(worker).orElseThrow();
  }

  @Test
  void anIdlePrefillWorkerTakesItsStepsRowsAndPairs() {
    StepPrediction idle = of(worker(WorkerKind.PREFILL, WorkerStatus.newBuilder()));
    assertThat(idle.queueSeconds(200)).isZero();
    double pairs = 200 * 201 / 2.0;
    assertThat(idle.promptSeconds(200, 0)).isCloseTo(2 * 0.01 + 0.2 + pairs * 1e-6, within(1e-9));
    assertThat(idle.promptSeconds(1, 0)).as("a step at least").isGreaterThan(0.01);
  }

  @Test
  void whatIsQueuedThereOrSentThereComesBefore() {
    Worker worker =
        worker(WorkerKind.PREFILL, WorkerStatus.newBuilder().setQueuedPromptTokens(400));
    assertThat(of(worker).queueSeconds(200))
        .isCloseTo(2 * of(worker).promptSeconds(200, 0), within(1e-9));
    worker.begin(1000);
    assertThat(of(worker).firstTokenSeconds(200, 0))
        .isCloseTo(6 * of(worker).promptSeconds(200, 0), within(1e-9));
  }

  @Test
  void whatIsCachedIsAttendedToAndNotComputed() {
    StepPrediction idle = of(worker(WorkerKind.PREFILL, WorkerStatus.newBuilder()));
    double pairs = 40 * 160 + 40 * 41 / 2.0;
    assertThat(idle.firstTokenSeconds(200, 160))
        .isCloseTo(0.01 + 0.04 + pairs * 1e-6, within(1e-9));
    assertThat(idle.firstTokenSeconds(200, 0)).isEqualTo(idle.promptSeconds(200, 0));
  }

  @Test
  void promptsOnDecodeShareTheirStepsWithAnswers() {
    StepPrediction idle = of(worker(WorkerKind.DECODE, WorkerStatus.newBuilder()));
    StepPrediction busy =
        of(
            worker(
                WorkerKind.DECODE,
                WorkerStatus.newBuilder()
                    .setRunning(20)
                    .setTotalBlocks(100)
                    .setFreeBlocks(50)
                    .setBlockSize(16)));
    assertThat(busy.promptSeconds(80, 0) - idle.promptSeconds(80, 0))
        .isCloseTo(20 * 0.001 + 800 * 1e-6, within(1e-9));
    assertThat(busy.tokenSeconds(80)).isCloseTo(0.01 + 0.021 + 880 * 1e-6, within(1e-9));
  }

  @Test
  void whoHasNotLearntEnoughIsNotPredicted() {
    Worker silent = new Worker(WorkerKind.DECODE, "w:1", WorkerLimits.DEFAULT, System::nanoTime);
    assertThat(StepPrediction.of(silent)).isEmpty();
    silent.report(new Worker.Report(WorkerStatus.getDefaultInstance(), "m", 0));
    assertThat(StepPrediction.of(silent)).isEmpty();
    for (StepCost bad :
        java.util.List.of(
            COST.toBuilder().setSamples(StepPrediction.LEAST_SAMPLES - 1).build(),
            COST.toBuilder().setMaxBatchTokens(0).build(),
            COST.toBuilder().setPerRowSeconds(-1).build(),
            COST.toBuilder().setBaseSeconds(0).setPerRowSeconds(0).setPerPairSeconds(0).build(),
            COST.toBuilder().setBaseSeconds(Double.NaN).build(),
            COST.toBuilder().setPerPairSeconds(Double.POSITIVE_INFINITY).build())) {
      silent.report(new Worker.Report(WorkerStatus.newBuilder().setStepCost(bad).build(), "m", 0));
      assertThat(StepPrediction.of(silent)).as("%s", bad).isEmpty();
    }
  }

  @Test
  void oneOfTheCostsWillDo() {
    for (StepCost one :
        java.util.List.of(
            COST.toBuilder().setPerRowSeconds(0).setPerPairSeconds(0).build(),
            COST.toBuilder().setBaseSeconds(0).setPerPairSeconds(0).build(),
            COST.toBuilder().setBaseSeconds(0).setPerRowSeconds(0).build())) {
      Worker worker = new Worker(WorkerKind.PREFILL, "w:1", WorkerLimits.DEFAULT, System::nanoTime);
      worker.report(new Worker.Report(WorkerStatus.newBuilder().setStepCost(one).build(), "m", 0));
      assertThat(of(worker).promptSeconds(20, 0)).as("%s", one).isPositive();
      assertThat(of(worker).promptSeconds(20, 19)).as("%s", one).isPositive();
    }
  }
}
