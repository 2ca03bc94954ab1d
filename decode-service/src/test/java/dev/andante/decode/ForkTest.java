package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.decode.Calls.Answer;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.ForkedPrompt;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.service.grpc.Failures;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Another answer to the prompt of one under way. */
@Tag("slow")
class ForkTest {

  private static final int TOKENS = 40;
  private static final List<Integer> PROMPT = Calls.prompt(37, 5);

  private static Worker worker;

  @BeforeAll
  static void start() {
    worker = Worker.decode("--andante.engine.prefix-cache=off");
  }

  @AfterAll
  static void stop() {
    worker.close();
  }

  private static DecodeRequest.Builder local(String id, int tokens, long seed) {
    return Calls.local(id, PROMPT, tokens)
        .setSampling(SamplingParameters.newBuilder().setTemperature(1).setSeed(seed));
  }

  private static DecodeRequest forked(String id, String of, int tokens, long seed) {
    return local(id, TOKENS, seed)
        .setForked(ForkedPrompt.newBuilder().setOf(Calls.attempt(of)).setTokens(tokens))
        .build();
  }

  @Test
  void itsTextIsThatOfARequestOfItsOwn() {
    Answer alone = Calls.decode(worker, local("alone", TOKENS, 8).build());
    EngineHold.slow(worker, "slow");
    RunningAnswer first =
        RunningAnswer.start(worker, local("first", 300, 7).build()).awaitTokens(1);
    Answer other = Calls.decode(worker, forked("other", "first", PROMPT.size(), 8));
    assertThat(other.tokens()).isEqualTo(alone.tokens()).hasSize(TOKENS);
    assertThat(other.last().getStats().getCachedTokens()).isEqualTo(PROMPT.size() - 1);
    first.end();
    assertThat(first.tokens().subList(0, TOKENS)).isNotEqualTo(other.tokens());
    worker.awaitIdle();
  }

  @Test
  void whatHasEndedCannotBeForked() {
    Calls.decode(worker, local("over", 2, 1).build());
    assertThatThrownBy(() -> Calls.decode(worker, forked("late", "over", PROMPT.size(), 2)))
        .satisfies(
            e -> {
              assertThat(Failures.from(e).getCode()).isEqualTo("unknown_request");
              assertThat(Failures.from(e).getRetryable()).isTrue();
            });
    assertThatThrownBy(() -> Calls.decode(worker, forked("none", "over", 0, 2)))
        .satisfies(e -> assertThat(Failures.from(e).getParam()).isEqualTo("tokens"));
    worker.awaitIdle();
  }
}
