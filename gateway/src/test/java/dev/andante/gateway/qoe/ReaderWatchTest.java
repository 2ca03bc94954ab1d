package dev.andante.gateway.qoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.Experience;
import dev.andante.qoe.QoeSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Sinks;

/** On a clock of its own, with a reader of 5 tokens per second who expects the first after 1 s. */
class ReaderWatchTest {

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5); // overflows at once
  private final List<Double> judged = new ArrayList<>();
  private final List<Answer> out = new ArrayList<>();
  private final Sinks.Many<Answer> source = Sinks.many().unicast().onBackpressureBuffer();

  private ReaderWatch watch(int answers) {
    return new ReaderWatch(answers, tokens -> new QoeSpec(1, 5), () -> 3, judged::add, nanos::get);
  }

  private Disposable subscribe(ReaderWatch watch) {
    return watch.over(source.asFlux()).subscribe(out::add, error -> {});
  }

  private void after(double seconds) {
    nanos.addAndGet(Math.round(seconds * 1e9));
  }

  private void emit(Answer answer) {
    source.emitNext(answer, Sinks.EmitFailureHandler.FAIL_FAST);
  }

  private void start(int index) {
    emit(new Answer.Start(index, new int[3]));
  }

  private void token(int index) {
    emit(Answers.piece(index, "x", 1));
  }

  private void end(int index) {
    emit(Answers.end(index));
  }

  private Experience experience(int at) {
    Experience experience = ((Answer.End) out.get(at)).experience();
    assertThat(experience).isNotNull();
    return experience;
  }

  @Test
  void halfSpeedIsWhatThePaperSays() {
    ReaderWatch watch = watch(1);
    subscribe(watch);
    start(0);
    after(1);
    for (int i = 0; i < 10; i++) {
      token(0);
      after(0.4);
    }
    end(0);
    assertThat(experience(11).v2()).isCloseTo(0.6786, within(5e-5));
    assertThat(experience(11).v1()).isCloseTo(0.6786, within(5e-5));
    assertThat(judged).containsExactly(experience(11).v2());
    assertThat(watch.mean()).hasValue(experience(11).v2());
  }

  @Test
  void theTwoDefinitionsAreNotMixedUp() {
    subscribe(watch(1));
    start(0);
    after(3);
    emit(Answers.piece(0, "x", 10));
    end(0);
    assertThat(experience(2).v2()).isCloseTo(0.4872, within(5e-5));
    assertThat(experience(2).v1()).isCloseTo(0.3333, within(5e-5));
  }

  @Test
  void earlyIsPerfect() {
    subscribe(watch(1));
    start(0);
    after(0.5);
    emit(Answers.piece(0, "x", 10));
    end(0);
    assertThat(judged).containsExactly(1.0);
  }

  @Test
  void anAnswerWithoutTextCountsAsOneToken() {
    subscribe(watch(1));
    start(0);
    after(0.9);
    end(0);
    assertThat(judged).containsExactly(1.0);
  }

  @Test
  void textBeyondTheReadersTokensIsNotOne() {
    subscribe(watch(1));
    start(0);
    after(0.5);
    emit(Answers.piece(0, "x", 5));
    after(1000);
    emit(Answers.piece(0, "", 0));
    end(0);
    assertThat(judged).containsExactly(1.0);
  }

  @Test
  void whatFailsIsWorthNothingWhateverHadCome() {
    ReaderWatch watch = watch(3);
    subscribe(watch);
    IntStream.range(0, 2).forEach(this::start);
    IntStream.range(0, 2).forEach(this::token);
    end(0);
    source.emitError(
        ApiException.server(502, "gone", "gone", null), Sinks.EmitFailureHandler.FAIL_FAST);
    assertThat(judged).containsExactly(1.0, 0.0, 0.0);
    assertThat(watch.mean().orElseThrow()).isCloseTo(1 / 3.0, within(1e-9));
  }

  @Test
  void aRefusalIsWorthNothingAndABadRequestIsNotOurs() {
    subscribe(watch(1));
    source.emitError(
        ApiException.saturated(DropReason.SATURATED, Duration.ofSeconds(1), "full"),
        Sinks.EmitFailureHandler.FAIL_FAST);
    assertThat(judged).containsExactly(0.0);
    ReaderWatch other = watch(1);
    other.failed(ApiException.badRequest("prompt", "too long"));
    assertThat(judged).hasSize(1);
    assertThat(other.mean()).isEmpty();
    other.failed(new IllegalStateException("a defect"));
    assertThat(judged).containsExactly(0.0, 0.0);
  }

  @Test
  void whoLeavesEarlyEnoughDoesNotCount() {
    Disposable reading = subscribe(watch(1));
    after(1);
    reading.dispose();
    assertThat(judged).isEmpty();
  }

  @Test
  void whoLeavesAfterWaitingForNothingCounts() {
    Disposable reading = subscribe(watch(2));
    start(0);
    after(1.01);
    reading.dispose();
    assertThat(judged).containsExactly(0.0, 0.0);
  }

  @Test
  void whoLeavesSatisfiedCountsSo() {
    Disposable reading = subscribe(watch(1));
    start(0);
    after(0.5);
    emit(Answers.piece(0, "x", 100));
    after(10);
    reading.dispose();
    assertThat(judged).containsExactly(1.0);
  }

  /**
   * Two tokens at 1 s, then nothing: at 3 s ten are due, eight of which come 1.6 s late or less.
   */
  @Test
  void whoLeavesInAPauseSuffersIt() {
    Disposable reading = subscribe(watch(1));
    start(0);
    after(1);
    emit(Answers.piece(0, "x", 2));
    after(2);
    reading.dispose();
    assertThat(judged).singleElement().satisfies(qoe -> assertThat(qoe).isBetween(0.4, 0.7));
  }
}
