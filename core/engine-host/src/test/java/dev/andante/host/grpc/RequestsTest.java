package dev.andante.host.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.SamplingParams;
import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.Reader;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.qoe.QoeOverride;
import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class RequestsTest {

  @Test
  void anAbsentReaderIsUnknown() {
    assertThat(Requests.reader(Reader.getDefaultInstance()))
        .isEqualTo(dev.andante.engine.Reader.UNKNOWN);
  }

  @Test
  void everyFieldOfTheReaderIsTaken() {
    Reader message =
        Reader.newBuilder()
            .setTtftSeconds(0.5)
            .setTokensPerSecond(3.3)
            .setWaitedMicros(2_000)
            .setWhole(true)
            .build();
    assertThat(Requests.reader(message))
        .isEqualTo(
            new dev.andante.engine.Reader(new QoeOverride(0.5, 3.3), Duration.ofMillis(2), true));
  }

  @Test
  void readersWithImpossibleWishesAreRefused() {
    for (double value : new double[] {-1, Double.NaN, 1e9, Double.POSITIVE_INFINITY}) {
      assertInvalid(
          "reader", () -> Requests.reader(Reader.newBuilder().setTtftSeconds(value).build()));
      assertInvalid(
          "tokens_per_second",
          () -> Requests.reader(Reader.newBuilder().setTokensPerSecond(value).build()));
    }
    assertInvalid("reader", () -> Requests.reader(Reader.newBuilder().setWaitedMicros(-1).build()));
  }

  @Test
  void absentSamplingIsGreedy() {
    assertThat(Requests.sampling(SamplingParameters.getDefaultInstance()))
        .isEqualTo(SamplingParams.GREEDY);
  }

  @Test
  void everySamplingFieldIsTaken() {
    SamplingParameters message =
        SamplingParameters.newBuilder()
            .setTemperature(0.5f)
            .setTopK(1)
            .setTopP(0.25f)
            .setMinP(0.125f)
            .setPresencePenalty(-1)
            .setFrequencyPenalty(2)
            .setRepetitionPenalty(1.5f)
            .setSeed(-7)
            .putLogitBias(3, -100)
            .setLogprobs(true)
            .setTopLogprobs(5)
            .build();
    assertThat(Requests.sampling(message))
        .isEqualTo(
            new SamplingParams(0.5f, 1, 0.25f, 0.125f, -1, 2, 1.5f, -7, Map.of(3, -100f), true, 5));
  }

  @ParameterizedTest
  @MethodSource("badSampling")
  void badSamplingNamesItsField(String param, UnaryOperator<SamplingParameters.Builder> change) {
    assertInvalid(
        param, () -> Requests.sampling(change.apply(SamplingParameters.newBuilder()).build()));
  }

  static Stream<Arguments> badSampling() {
    return Stream.of(
        sampling("temperature", b -> b.setTemperature(-1)),
        sampling("temperature", b -> b.setTemperature(Float.NaN)),
        sampling("top_k", b -> b.setTopK(-1)),
        sampling("top_p", b -> b.setTopP(1.5f)),
        sampling("min_p", b -> b.setMinP(-0.1f)),
        sampling("presence_penalty", b -> b.setPresencePenalty(3)),
        sampling("frequency_penalty", b -> b.setFrequencyPenalty(-3)),
        sampling("repetition_penalty", b -> b.setRepetitionPenalty(-1)),
        sampling("top_logprobs", b -> b.setTopLogprobs(21)));
  }

  private static Arguments sampling(
      String param, UnaryOperator<SamplingParameters.Builder> change) {
    return Arguments.of(param, change);
  }

  @Test
  void stop() {
    StopParameters message =
        StopParameters.newBuilder()
            .setMaxTokens(9)
            .setMinTokens(2)
            .setIgnoreEos(true)
            .addStopTokenIds(4)
            .addStopTokenIds(4)
            .build();
    assertThat(Requests.stop(message))
        .isEqualTo(new dev.andante.engine.StopParams(9, 2, true, Set.of(4)));
    assertInvalid("max_tokens", () -> Requests.stop(StopParameters.getDefaultInstance()));
    assertInvalid(
        "min_tokens",
        () -> Requests.stop(StopParameters.newBuilder().setMaxTokens(1).setMinTokens(2).build()));
  }

  @Test
  void promptAndAttempt() {
    assertThat(Requests.prompt(List.of(1, 2, 3), 2).generated()).isEqualTo(2);
    assertInvalid("tokens", () -> Requests.prompt(List.of(), 0));
    assertInvalid("generated", () -> Requests.prompt(List.of(1), 1));
    assertInvalid("attempt", () -> Requests.attempt(Attempt.getDefaultInstance()));
    assertInvalid(
        "attempt",
        () -> Requests.attempt(Attempt.newBuilder().setRequestId("r").setEpoch(-1).build()));
  }

  @Test
  void tokensWithAndWithoutLogprobs() {
    assertThat(Requests.token(new GeneratedToken(5, Float.NaN, List.of())).getLogprob()).isZero();
    var token =
        Requests.token(
            new GeneratedToken(5, -0.5f, List.of(new GeneratedToken.Alternative(6, -1f))));
    assertThat(token.getLogprob()).isEqualTo(-0.5f);
    assertThat(token.getTop(0).getId()).isEqualTo(6);
    assertThat(token.getTop(0).getLogprob()).isEqualTo(-1f);
  }

  @ParameterizedTest
  @EnumSource(FinishReason.class)
  void finishReasonsHaveTheirName(FinishReason reason) {
    assertThat(Requests.finishReason(reason).name()).isEqualTo("FINISH_REASON_" + reason);
  }

  private static void assertInvalid(
      String param, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .satisfies(
            e -> {
              assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
              assertThat(Failures.from(e).getParam()).isEqualTo(param);
              assertThat(Failures.from(e).getRetryable()).isFalse();
            });
  }
}
