package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.BackendException;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.Recorder;
import dev.andante.model.ExpertUnavailableException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WarmUpTest {

  private static final AtomicInteger COUNTED = new AtomicInteger();

  private static final EngineObserver COUNTING =
      new EngineObserver() {
        @Override
        public void onStep(int requests, int tokens, long nanos) {
          COUNTED.incrementAndGet();
        }
      };

  private static EngineConfig config(int blocks, Duration warmUp) {
    return DEFAULTS.toBuilder().blocks(blocks).warmUp(warmUp).build();
  }

  /** The clock stands still: passes never get faster, so it ends for want of progress. */
  @Test
  void endsWhenPassesGetNoFasterAndLeavesNothing() {
    COUNTED.set(0);
    EngineConfig config = config(64, Duration.ofHours(1));
    try (EngineFixture f =
        new EngineFixture(config, DraftSource.NONE, FakeModel::new, COUNTING, Set.of())) {
      EngineFixture.get(f.engine.serving());
      assertThat(f.fake().passes.get()).isPositive();
      assertThat(COUNTED).as("steps counted").hasValue(0);
      assertThat(f.engine.status().cachedBlocks()).isZero();
      f.assertIdle();
      List<Integer> warm = f.generate("a", prompt(21, 1), 10).await().ids();
      try (EngineFixture cold = new EngineFixture()) {
        assertThat(cold.generate("a", prompt(21, 1), 10).await().ids()).isEqualTo(warm);
      }
      f.assertIdle();
    }
  }

  @Test
  void aPoolOfOneBlockIsEnough() {
    try (EngineFixture f = new EngineFixture(config(1, Duration.ofHours(1)), DraftSource.NONE)) {
      EngineFixture.get(f.engine.serving());
      f.assertIdle();
    }
  }

  @Test
  void noTimeMeansNoPass() {
    try (EngineFixture f = new EngineFixture(config(64, Duration.ZERO), DraftSource.NONE)) {
      EngineFixture.get(f.engine.serving());
      assertThat(f.fake().passes.get()).isZero();
    }
  }

  @Test
  void requestsWaitMeanwhile() {
    CountDownLatch gate = new CountDownLatch(1);
    try (EngineFixture f = gated(gate)) {
      Recorder early = f.generate("a", prompt(9, 1), 3);
      assertThat(f.engine.serving()).isNotDone();
      gate.countDown();
      assertThat(early.await().ids()).hasSize(3);
      assertThat(f.engine.serving()).isCompleted();
      f.assertIdle();
    }
  }

  @Test
  void closingEndsIt() throws InterruptedException {
    CountDownLatch gate = new CountDownLatch(1);
    EngineFixture f = gated(gate);
    Thread closer = new Thread(f.engine::close);
    closer.start();
    while (closer.getState() != Thread.State.TIMED_WAITING) {
      // it joins the engine thread, which stands at the gate
      Thread.onSpinWait();
    }
    gate.countDown();
    closer.join();
    assertThat(f.fake().passes.get()).as("at most the round under way").isLessThanOrEqualTo(4L);
    f.close();
  }

  @Test
  void aPassThatFailsIsNotTheEnd() {
    try (EngineFixture f = failing(new BackendException("no memory"))) {
      EngineFixture.get(f.engine.serving());
      assertThat(f.generate("a", prompt(9, 1), 3).await().ids()).hasSize(3);
      f.assertIdle();
    }
  }

  @Test
  void expertsThatAreNotThereYetAreAskedAgain() {
    try (EngineFixture f = failing(new ExpertUnavailableException("connecting"))) {
      EngineFixture.get(f.engine.serving());
      assertThat(f.fake().passes.get()).isGreaterThan(1);
      f.assertIdle();
    }
  }

  @Test
  void aDefectIsReportedAsTheEnginesEnd() {
    try (EngineFixture f = failing(new IllegalArgumentException("bug"))) {
      assertThatThrownBy(() -> f.engine.serving().join()).hasMessageContaining("bug");
      assertThat(f.engine.failure()).isPresent();
    }
  }

  private static EngineFixture gated(CountDownLatch gate) {
    return new EngineFixture(
        config(64, Duration.ofHours(1)),
        DraftSource.NONE,
        backend -> {
          FakeModel model = new FakeModel(backend);
          model.gate = gate;
          return model;
        },
        EngineObserver.NONE,
        Set.of());
  }

  private static EngineFixture failing(RuntimeException first) {
    return new EngineFixture(
        config(64, Duration.ofHours(1)),
        DraftSource.NONE,
        backend -> {
          FakeModel model = new FakeModel(backend);
          model.nextFailure.set(first);
          return model;
        },
        EngineObserver.NONE,
        Set.of());
  }
}
