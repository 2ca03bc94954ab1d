package dev.andante.gateway.qoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.config.PacingPolicy;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.PacingWish;
import dev.andante.qoe.QoeSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** On a clock moved by hand, with readers of 4 tokens per second. */
class PacingTest {

  private final ManualScheduler time = new ManualScheduler();
  private final AtomicBoolean draining = new AtomicBoolean();
  private final List<Answer> out = new ArrayList<>();
  private final List<Double> at = new ArrayList<>();
  private final List<Double> slack = new ArrayList<>();
  private final Sinks.Many<Answer> source = Sinks.many().unicast().onBackpressureBuffer();
  private final AtomicBoolean left = new AtomicBoolean();
  private boolean complete;
  private @Nullable Throwable failure;

  private static GatewayProperties.Qoe policy(PacingPolicy policy) {
    return new GatewayProperties.Qoe(
        policy,
        null,
        4.8,
        List.of(
            new GatewayProperties.QoeModel("code", PacingPolicy.OFF, null, null),
            new GatewayProperties.QoeModel("chat", PacingPolicy.ALL, null, null),
            new GatewayProperties.QoeModel("else", null, null, 3.0)));
  }

  private Pacing pacing(PacingPolicy policy) {
    return new Pacing(policy(policy), Duration.ofSeconds(100), time, time::nanos, draining::get);
  }

  private Flux<Answer> paced(Flux<Answer> answers) {
    return pacing(PacingPolicy.ALL).pace(answers, tokens -> new QoeSpec(1, 4), slack::add);
  }

  private Disposable read() {
    return paced(source.asFlux().doOnCancel(() -> left.set(true)))
        .subscribe(
            answer -> {
              out.add(answer);
              at.add(time.nanos() / 1e9);
            },
            error -> failure = error,
            () -> complete = true);
  }

  private void emit(Answer answer) {
    source.emitNext(answer, Sinks.EmitFailureHandler.FAIL_FAST);
  }

  private void end() {
    source.emitComplete(Sinks.EmitFailureHandler.FAIL_FAST);
  }

  private void fail() {
    source.emitError(
        ApiException.server(502, "gone", "gone", null), Sinks.EmitFailureHandler.FAIL_FAST);
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    for (Answer answer : out) {
      text.append(
          switch (answer) {
            case Answer.Start start -> "<";
            case Answer.Piece piece -> piece.text();
            case Answer.End end -> ">";
          });
    }
    return text.toString();
  }

  private void burst(int index, String text) {
    emit(new Answer.Start(index, new int[3]));
    text.chars().forEach(c -> emit(Answers.piece(index, Character.toString(c), 1)));
  }

  @ParameterizedTest
  @CsvSource({
    "REQUESTED,any,NONE,false",
    "REQUESTED,any,ON,true",
    "REQUESTED,any,OFF,false",
    "REQUESTED,else,NONE,false",
    "ALL,any,NONE,true",
    "ALL,any,ON,true",
    "ALL,any,OFF,false",
    "OFF,any,ON,false",
    "REQUESTED,code,ON,false",
    "REQUESTED,chat,NONE,true",
    "OFF,chat,OFF,false",
  })
  void whoIsPaced(PacingPolicy policy, String model, PacingWish wish, boolean paced) {
    assertThat(pacing(policy).paces(model, wish)).isEqualTo(paced);
  }

  @Test
  void aBurstComesOutAtReadingPaceAndItsEndAfterIt() {
    read();
    time.advance(0.3);
    burst(0, "abcde");
    emit(Answers.end(0));
    end();
    time.advance(0);
    assertThat(text()).isEqualTo("<a"); // the first token is never delayed
    assertThat(complete).isFalse();
    time.advance(10);
    assertThat(text()).isEqualTo("<abcde>");
    assertThat(at).containsExactly(0.3, 0.3, 0.55, 0.8, 1.05, 1.3, 1.3);
    assertThat(complete).isTrue();
    assertThat(slack).singleElement().satisfies(s -> assertThat(s).isCloseTo(1.25, within(0.26)));
    assertThat(time.pending()).isZero();
    assertThat(time.workers()).isZero();
  }

  @Test
  void aSlowAnswerIsNotDelayed() {
    read();
    emit(new Answer.Start(0, new int[3]));
    for (int i = 0; i < 3; i++) {
      time.advance(1);
      emit(Answers.piece(0, "x", 1));
      time.advance(0);
    }
    emit(Answers.end(0));
    end();
    time.advance(0);
    assertThat(at).containsExactly(0.0, 1.0, 2.0, 3.0, 3.0);
    assertThat(complete).isTrue();
  }

  @Test
  void severalTokensInAPieceCountAsSeveral() {
    read();
    emit(new Answer.Start(0, new int[3]));
    emit(new Answer.Piece(0, "one two", Answers.tokens(java.util.stream.IntStream.of(0, 3)), 2));
    emit(Answers.piece(0, "é", 3));
    emit(Answers.piece(0, "!", 1));
    time.advance(2);
    assertThat(text()).isEqualTo("<one twoé!");
    assertThat(at).containsExactly(0.0, 0.0, 0.25, 0.5, 1.25);
  }

  @Test
  void eachAnswerHasItsOwnPaceAndTheResponseEndsAfterTheLast() {
    read();
    burst(0, "ab");
    burst(1, "xyz");
    emit(Answers.end(0));
    emit(Answers.end(1));
    end();
    time.advance(0);
    assertThat(text()).isEqualTo("<a<x");
    time.advance(0.25);
    assertThat(text()).isEqualTo("<a<xb>y");
    assertThat(complete).isFalse();
    time.advance(0.25);
    assertThat(text()).isEqualTo("<a<xb>yz>");
    assertThat(complete).isTrue();
    assertThat(slack).hasSize(2);
  }

  @Test
  void aFailureComesAfterTheTextAndAtOnce() {
    read();
    burst(0, "abc");
    fail();
    time.advance(0);
    assertThat(text()).isEqualTo("<abc");
    assertThat(failure).isInstanceOf(ApiException.class);
    assertThat(time.workers()).isZero();
    assertThat(slack).isEmpty();
  }

  @Test
  void aRefusalPasses() {
    read();
    fail();
    time.advance(0);
    assertThat(failure).isInstanceOf(ApiException.class);
    assertThat(out).isEmpty();
  }

  @Test
  void aReaderWhoLeavesFreesEverythingAtOnce() {
    Disposable reading = read();
    burst(0, "abcdefgh");
    time.advance(0.3);
    reading.dispose();
    assertThat(left).isTrue();
    assertThat(time.pending()).isZero();
    assertThat(time.workers()).isZero();
    time.advance(10);
    assertThat(text()).isEqualTo("<ab");
  }

  @Test
  void aReaderWhoLeavesAfterTheEngineHasFinishedFreesTheRest() {
    Disposable reading = read();
    burst(0, "abcdefgh");
    emit(Answers.end(0));
    end();
    time.advance(0.3);
    reading.dispose();
    assertThat(time.pending() + time.workers()).isZero();
  }

  @Test
  void aDrainLetsEverythingGoAndWhatComesLaterToo() {
    read();
    burst(0, "abcdefgh");
    time.advance(0);
    draining.set(true);
    time.advance(0.26);
    assertThat(text()).isEqualTo("<abcdefgh");
    emit(Answers.piece(0, "i", 1));
    emit(Answers.piece(0, "j", 1));
    time.advance(0);
    assertThat(text()).isEqualTo("<abcdefghij");
    emit(Answers.end(0));
    end();
    time.advance(0);
    assertThat(complete).isTrue();
  }

  /** However slow its reader, a drain is noticed. */
  @Test
  void aDrainDoesNotWaitForTheNextToken() {
    pacing(PacingPolicy.ALL)
        .pace(source.asFlux(), tokens -> new QoeSpec(1, 0.01), slack::add)
        .subscribe(out::add);
    burst(0, "ab");
    time.advance(1);
    assertThat(text()).isEqualTo("<a");
    draining.set(true);
    time.advance(0.26);
    assertThat(text()).isEqualTo("<ab");
  }

  @Test
  void theRequestsTimeEndsThePace() {
    read();
    burst(0, "x".repeat(1000));
    emit(Answers.end(0));
    end();
    time.advance(99.9);
    assertThat(out.size()).isBetween(395, 405);
    time.advance(0.1);
    assertThat(out).hasSize(1002);
    assertThat(complete).isTrue();
  }

  @Test
  void aDefectEndsTheStream() {
    read();
    emit(Answers.piece(0, "x", 1)); // of an answer that never started
    time.advance(0);
    assertThat(failure).isInstanceOf(IllegalStateException.class);
    assertThat(time.workers()).isZero();
  }

  @Test
  void aThousandStreamsTakeATimerEachAndNoMoreWorkThanTheirTokens() {
    int streams = 1000;
    int tokens = 40;
    for (int i = 0; i < streams; i++) {
      Sinks.Many<Answer> one = Sinks.many().unicast().onBackpressureBuffer();
      paced(one.asFlux()).subscribe(out::add);
      one.tryEmitNext(new Answer.Start(0, new int[3]));
      for (int k = 0; k < tokens; k++) {
        one.tryEmitNext(Answers.piece(0, "x", 1));
      }
      one.tryEmitNext(Answers.end(0));
      one.tryEmitComplete();
    }
    time.advance(0);
    assertThat(out).hasSize(2 * streams);
    assertThat(time.pending()).isEqualTo(streams);
    time.advance(tokens * 0.25);
    assertThat(out).hasSize(streams * (tokens + 2));
    assertThat(time.workers()).isZero();
    assertThat(time.scheduled()).isLessThan(streams * (2L * tokens + 10));
  }
}
