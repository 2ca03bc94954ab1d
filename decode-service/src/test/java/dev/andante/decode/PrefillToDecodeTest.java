package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.decode.Calls.Answer;
import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Splitting a request over two workers changes no token. */
@Tag("slow")
class PrefillToDecodeTest {

  private static final SamplingParameters GREEDY = SamplingParameters.getDefaultInstance();

  private static Worker prefill;
  private static Worker decode;

  @BeforeAll
  static void start() {
    prefill = Worker.prefill("--andante.engine.max-batch-tokens=32");
    decode = Worker.decode("--andante.engine.max-batch-tokens=32");
  }

  @AfterAll
  static void stop() {
    prefill.close();
    decode.close();
  }

  /** Around the borders of blocks (16) and of chunks (32). */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 200})
  void tokensEqualThoseOfOneEngine(int length) {
    List<Integer> prompt = Calls.prompt(length, length);
    Answer alone = Calls.decode(decode, Calls.local("alone-" + length, prompt, 24).build());
    Answer split = Calls.disaggregated(prefill, decode, "split-" + length, prompt, 24, GREEDY);
    assertThat(split.tokens()).hasSize(24).isEqualTo(alone.tokens());
    assertThat(split.last().getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
    prefill.awaitIdle();
    decode.awaitIdle();
  }

  @Test
  void sampledTokensEqualToo() {
    List<Integer> prompt = Calls.prompt(40, 7);
    SamplingParameters sampling =
        SamplingParameters.newBuilder().setTemperature(1).setTopP(0.9f).setSeed(99).build();
    Answer alone =
        Calls.decode(decode, Calls.local("alone", prompt, 32).setSampling(sampling).build());
    Answer split = Calls.disaggregated(prefill, decode, "split", prompt, 32, sampling);
    Answer greedy = Calls.disaggregated(prefill, decode, "greedy", prompt, 32, GREEDY);
    assertThat(split.tokens()).isEqualTo(alone.tokens()).isNotEqualTo(greedy.tokens());
  }

  @Test
  void manyAtOnceEqualEachAlone() {
    int requests = 24;
    List<List<Integer>> alone = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      alone.add(
          Calls.decode(decode, Calls.local("a" + i, Calls.prompt(3 + 5 * i, i), 20).build())
              .tokens());
    }
    List<CompletableFuture<Answer>> together = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < requests; i++) {
        int n = i;
        together.add(
            CompletableFuture.supplyAsync(
                () ->
                    Calls.disaggregated(
                        prefill, decode, "t" + n, Calls.prompt(3 + 5 * n, n), 20, GREEDY),
                threads));
      }
    }
    for (int i = 0; i < requests; i++) {
      assertThat(together.get(i).orTimeout(30, TimeUnit.SECONDS).join().tokens())
          .as("request %d", i)
          .isEqualTo(alone.get(i));
    }
    prefill.awaitIdle();
    decode.awaitIdle();
  }

  @Test
  void prefillReportsWhatTheTransferTook() {
    PrefillReply reply =
        Calls.prefill(
            prefill,
            Calls.prefillRequest("times", Calls.prompt(50, 1), 4, decode.address()).build());
    assertThat(reply.getKvHandle()).isNotEmpty();
    assertThat(reply.getKvBytes()).isEqualTo(50 * prefill.running().kvLayout().bytesPerToken());
    assertThat(reply.getTransferMicros()).isGreaterThanOrEqualTo(reply.getExposedTransferMicros());
    assertThat(reply.getComputeMicros()).isPositive();
    Calls.decode(decode, Calls.transferred("times", reply, 4).build());
  }

  @Test
  void prefillSaysWhatItsHandOffsTake() {
    Calls.disaggregated(prefill, decode, "cost", Calls.prompt(50, 2), 4, GREEDY);
    WorkerStatus status =
        WorkerGrpc.newBlockingStub(prefill.channel())
            .withDeadlineAfter(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS)
            .getStatus(GetStatusRequest.getDefaultInstance());
    assertThat(status.getTransferCost().getSamples()).isPositive();
    assertThat(
            status.getTransferCost().getBaseSeconds()
                + 50 * status.getTransferCost().getPerTokenSeconds())
        .isPositive();
    assertThat(
            WorkerGrpc.newBlockingStub(decode.channel())
                .withDeadlineAfter(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS)
                .getStatus(GetStatusRequest.getDefaultInstance())
                .hasTransferCost())
        .isFalse();
  }

  @Test
  void anAnswerOfOneTokenLeavesNothingOnDecode() {
    PrefillReply reply =
        Calls.prefill(
            prefill, Calls.prefillRequest("one", Calls.prompt(50, 1), 1, decode.address()).build());
    assertThat(reply.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
    assertThat(reply.getKvHandle()).isEmpty();
    prefill.awaitIdle();
    decode.awaitIdle();
  }
}
