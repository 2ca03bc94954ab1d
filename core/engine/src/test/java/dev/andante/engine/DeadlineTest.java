package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.Recorder;
import dev.andante.model.experts.PassContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What the engine waits for elsewhere is bounded by what is left to those it waits for. */
class DeadlineTest {

  private static final Duration HOUR = Duration.ofHours(1);

  private static GenerationRequest request(String id, Duration left) {
    return new GenerationRequest(
        new Attempt(id, 1),
        PromptTokens.of(prompt(6, 1)),
        SamplingParams.GREEDY,
        stop(8),
        StopMatcher.NONE,
        true,
        left);
  }

  @Test
  void aPassIsWaitedForAsLongAsTheMostPatientOfItsRequests() {
    try (EngineFixture f = new EngineFixture()) {
      CountDownLatch gate = new CountDownLatch(1);
      f.fake().gate = gate;
      long before = System.nanoTime();
      Recorder patient = f.generate(request("patient", HOUR), new Recorder());
      Recorder hasty = f.generate(request("hasty", Duration.ofMillis(1)), new Recorder());
      Recorder idle = f.generate(request("unlimited", Engine.NO_LIMIT), new Recorder());
      gate.countDown();
      patient.await();
      hasty.await();
      idle.await();
      long after = System.nanoTime();
      for (PassContext pass : f.fake().contexts) {
        long least = limit(pass.requests());
        assertThat(pass.endNanos() - before).isGreaterThanOrEqualTo(least);
        assertThat(pass.endNanos() - after).isLessThanOrEqualTo(least);
      }
      assertThat(f.fake().contexts)
          .anyMatch(pass -> pass.requests().contains("hasty"))
          .anyMatch(pass -> pass.requests().contains("patient"));
    }
  }

  private static long limit(List<String> requests) {
    Duration most =
        requests.contains("unlimited")
            ? Engine.NO_LIMIT
            : requests.contains("patient") ? HOUR : Duration.ofMillis(1);
    return most.toNanos();
  }

  @Test
  void draftsAreNotWaitedForLongerThanTheRequestIs() {
    List<Long> waits = new CopyOnWriteArrayList<>();
    List<String> begun = new ArrayList<>();
    DraftSource silent =
        new DraftSource() {
          @Override
          public void append(String sequence, int offset, int[] tokens, int maxTokens) {
            begun.add(sequence);
          }

          @Override
          public void end(String sequence) {}

          @Override
          public List<Draft> propose(long maxWaitNanos) {
            waits.add(maxWaitNanos);
            return List.of();
          }

          @Override
          public void close() {}
        };
    Duration left = DEFAULTS.draftWait().dividedBy(4);
    try (EngineFixture f = new EngineFixture(DEFAULTS, silent)) {
      f.generate(request("a", left), new Recorder()).await();
      f.assertIdle();
    }
    assertThat(begun).isNotEmpty();
    assertThat(waits)
        .allMatch(wait -> wait <= left.toNanos())
        .anyMatch(wait -> wait == left.toNanos());
  }
}
