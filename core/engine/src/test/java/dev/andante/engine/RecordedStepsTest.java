package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording says of steps; the simulator's cost model is fitted to it. */
class RecordedStepsTest {

  private static final String EVENT = "dev.andante.EngineStep";
  private static final int PROMPT = 21;
  private static final int ANSWER = 10;

  @TempDir Path folder;
  private volatile long engineThread;

  private final EngineObserver observer =
      new EngineObserver() {
        @Override
        public void onStep(int requests, int tokens, long nanos) {
          engineThread = Thread.currentThread().threadId();
        }
      };

  @Test
  void everyRowIsInOneStep() throws IOException {
    List<RecordedEvent> steps = record();
    assertThat(sum(steps, one -> one.getLong("promptTokens"))).isEqualTo(PROMPT);
    assertThat(sum(steps, one -> one.getLong("promptPairs")))
        .isEqualTo((long) PROMPT * (PROMPT + 1) / 2);
    assertThat(sum(steps, one -> one.getLong("decodes"))).isEqualTo(ANSWER - 1);
    long contexts = 0;
    for (int known = PROMPT + 1; known < PROMPT + ANSWER; known++) {
      contexts += known;
    }
    assertThat(sum(steps, one -> one.getLong("decodeContext"))).isEqualTo(contexts);
    assertThat(steps).allSatisfy(one -> assertThat(one.getDuration()).isPositive());
  }

  private List<RecordedEvent> record() throws IOException {
    Path file = folder.resolve("steps.jfr");
    try (Recording recording = new Recording();
        EngineFixture engine =
            new EngineFixture(DEFAULTS, DraftSource.NONE, FakeModel::new, observer, Set.of())) {
      recording.enable(EVENT);
      recording.start();
      engine.generate("a", prompt(PROMPT, 1), ANSWER).await();
      engine.assertIdle();
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file).stream()
        .filter(one -> one.getEventType().getName().equals(EVENT))
        .filter(one -> one.getThread().getJavaThreadId() == engineThread)
        .toList();
  }

  private static long sum(List<RecordedEvent> steps, ToLongFunction<RecordedEvent> value) {
    return steps.stream().mapToLong(value).sum();
  }
}
