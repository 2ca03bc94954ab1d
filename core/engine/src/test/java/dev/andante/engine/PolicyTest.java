package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.scheduler.SchedulingPolicy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Who goes first in an engine that runs one request at a time. */
class PolicyTest {

  private final List<String> finished = new CopyOnWriteArrayList<>();
  private final CountDownLatch posted = new CountDownLatch(1);
  private final CountDownLatch done = new CountDownLatch(3);

  private EngineConfig config(Scheduling.Policy policy) {
    return DEFAULTS.toBuilder().maxSequences(1).scheduling(Scheduling.DEFAULT.with(policy)).build();
  }

  /** Holds the engine after the first token until everything is posted. */
  private final class Listener implements RequestListener {
    private final String id;

    Listener(String id) {
      this.id = id;
    }

    @Override
    public void onTokens(List<GeneratedToken> tokens) {
      try {
        assertThat(posted.await(60, TimeUnit.SECONDS)).isTrue();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void onFinished(FinishReason reason, GenerationStats stats) {
      finished.add(id);
      done.countDown();
    }

    @Override
    public void onFailed(EngineException failure) {
      finished.add(id + " failed: " + failure);
      done.countDown();
    }
  }

  private void post(EngineFixture f, String id, int priority) {
    f.engine.generate(
        new GenerationRequest(
            new Attempt(id, 1),
            PromptTokens.of(prompt(5, 1)),
            SamplingParams.GREEDY,
            stop(5),
            StopMatcher.NONE,
            false,
            Engine.NO_LIMIT,
            priority,
            Reader.UNKNOWN),
        new Listener(id));
  }

  private List<String> order(EngineFixture f) throws InterruptedException {
    post(f, "low", -1);
    post(f, "usual", 0);
    post(f, "high", 1);
    posted.countDown();
    assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
    f.assertIdle();
    return finished;
  }

  @Test
  void firstComeFirstServed() throws InterruptedException {
    try (EngineFixture f = new EngineFixture(config(Scheduling.Policy.FCFS), DraftSource.NONE)) {
      assertThat(order(f)).containsExactly("low", "usual", "high");
    }
  }

  @Test
  void byPriority() throws InterruptedException {
    try (EngineFixture f =
        new EngineFixture(config(Scheduling.Policy.PRIORITY), DraftSource.NONE)) {
      assertThat(order(f)).containsExactly("high", "usual", "low");
    }
  }

  @Test
  void byAPolicyFromOutside() throws InterruptedException {
    SchedulingPolicy lastComeFirstServed = request -> (int) -request.arrival();
    try (EngineFixture f =
        new EngineFixture(
            config(Scheduling.Policy.FCFS),
            (config, kv, time, clock, observer) -> lastComeFirstServed)) {
      assertThat(order(f)).containsExactly("high", "usual", "low");
    }
  }

  @Test
  void parametersThatMakeNoSenseAreRefusedByName() {
    assertThatThrownBy(() -> Scheduling.DEFAULT.with(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("token_interval must be at least 0, not PT-0.001S");
    Duration zero = Duration.ZERO;
    Scheduling.Policy mlfq = Scheduling.Policy.MLFQ;
    assertThatThrownBy(() -> new Scheduling(mlfq, zero, zero, 2, 1, zero, 1))
        .hasMessage("quantum must be positive, not PT0S");
    assertThatThrownBy(() -> new Scheduling(mlfq, zero, Duration.ofMillis(1), 1, 1, zero, 1))
        .hasMessage("growth must be at least 2, not 1");
  }
}
