package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.GetModelInfoRequest;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.LocalPrompt;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.ReleaseRequest;
import dev.andante.protocol.v1.Role;
import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.grpc.Failures;
import io.grpc.Context;
import io.grpc.Status;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What fails, fails with the right type, before work is done where it can, and leaves nothing. */
@Tag("slow")
class FaultsTest {

  private static Worker prefill;
  private static Worker decode;

  @BeforeAll
  static void start() {
    prefill = Worker.prefill();
    decode = Worker.decode("--andante.engine.lease=3s", "--andante.engine.blocks=16");
  }

  @AfterAll
  static void stop() {
    prefill.close();
    decode.close();
  }

  @AfterEach
  void nothingIsLeft() {
    prefill.awaitIdle();
    decode.awaitIdle();
  }

  @Test
  void aFullPoolRefusesBeforePrefillComputes() {
    double before = computedTokens(prefill);
    decode
        .engine()
        .reserve(new Attempt("hog", 0), new PromptTokens(new int[250], 0))
        .orTimeout(10, TimeUnit.SECONDS)
        .join();
    assertFailure(
        Status.Code.RESOURCE_EXHAUSTED,
        "saturated",
        () -> prefill("full", Calls.prompt(100, 1), decode.address()));
    assertThat(computedTokens(prefill)).isEqualTo(before);
    decode.engine().release("hog").join();
  }

  @Test
  void anotherBlockSizeIsAMismatch() {
    try (Worker other = Worker.decode("--andante.engine.block-size=32")) {
      assertFailure(
          Status.Code.FAILED_PRECONDITION,
          "handshake_mismatch",
          () -> prefill("mismatch", Calls.prompt(20, 1), other.address()));
      assertThatThrownBy(() -> prefill("mismatch", Calls.prompt(20, 1), other.address()))
          .hasMessageContaining("block_size (sender 16, receiver 32)");
      other.awaitIdle();
    }
  }

  @Test
  void anUnreachableDecodeIsRetryable() {
    assertThatThrownBy(() -> prefill("gone", Calls.prompt(20, 1), "127.0.0.1:1"))
        .satisfies(
            e -> {
              assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
              assertThat(Failures.from(e).getRetryable()).isTrue();
            });
  }

  @Test
  void badRequestsNameTheirField() {
    assertParam("kv_target", () -> prefill("bad", Calls.prompt(4, 1), "nowhere"));
    assertParam("tokens", () -> prefill("bad", List.of(), decode.address()));
    assertParam("attempt", () -> prefill("", Calls.prompt(4, 1), decode.address()));
    assertParam(
        "max_tokens", () -> Calls.decode(decode, Calls.local("bad", List.of(1), 0).build()));
    assertParam(
        "start",
        () ->
            Calls.decode(
                decode,
                DecodeRequest.newBuilder()
                    .setAttempt(Calls.attempt("bad"))
                    .setStop(Calls.stop(1))
                    .build()));
    assertFailure(
        Status.Code.INVALID_ARGUMENT,
        "invalid_request",
        () -> Calls.decode(decode, Calls.local("bad", List.of(999), 2).build()));
    assertFailure(
        Status.Code.INVALID_ARGUMENT,
        "context_length_exceeded",
        () -> Calls.decode(decode, Calls.local("bad", Calls.prompt(400, 1), 2).build()));
  }

  @Test
  void anUnknownHandleIsNotFound() {
    PrefillReply made = PrefillReply.newBuilder().setKvHandle("no such").build();
    assertFailure(
        Status.Code.NOT_FOUND,
        "unknown_kv_handle",
        () -> Calls.decode(decode, Calls.transferred("unknown", made, 4).build()));
  }

  @Test
  void releaseFreesCommittedKv() {
    PrefillReply reply = prefill("release", Calls.prompt(40, 1), decode.address());
    DecodeGrpc.DecodeBlockingStub stub = DecodeGrpc.newBlockingStub(decode.channel());
    ReleaseRequest request = ReleaseRequest.newBuilder().setKvHandle(reply.getKvHandle()).build();
    assertThat(stub.release(request).getReleased()).isTrue();
    assertThat(stub.release(request).getReleased()).isFalse();
  }

  @Test
  void aBadDecodeRequestGivesItsKvBack() {
    PrefillReply reply = prefill("bad-decode", Calls.prompt(40, 1), decode.address());
    assertParam(
        "max_tokens",
        () -> Calls.decode(decode, Calls.transferred("bad-decode", reply, 0).build()));
  }

  @Test
  void kvThatNobodyUsesExpires() {
    PrefillReply reply = prefill("expire", Calls.prompt(40, 1), decode.address());
    decode.awaitIdle();
    assertThatThrownBy(() -> Calls.decode(decode, Calls.transferred("expire", reply, 4).build()))
        .satisfies(
            e -> assertThat(Failures.from(e).getCode()).isIn("lease_expired", "unknown_kv_handle"));
    assertThat(Calls.metrics(decode)).contains("andante_kv_leases_expired_total");
  }

  @Test
  void cancellingAStreamFreesItsBlocks() {
    Context.CancellableContext call = Context.current().withCancellation();
    call.run(
        () -> {
          Iterator<TokenChunk> chunks = longAnswer("cancel", 30);
          assertThat(chunks.hasNext()).isTrue();
          chunks.next();
        });
    call.cancel(null);
  }

  @Test
  void aDeadlineEndsTheRequest() {
    assertThatThrownBy(
            () -> {
              Iterator<TokenChunk> chunks =
                  DecodeGrpc.newBlockingStub(decode.channel())
                      .withDeadlineAfter(1, TimeUnit.MILLISECONDS)
                      .decode(Calls.local("deadline", Calls.prompt(4, 1), 200).build());
              while (chunks.hasNext()) {
                chunks.next();
              }
            })
        .satisfies(
            e ->
                assertThat(Status.fromThrowable(e).getCode())
                    .isEqualTo(Status.Code.DEADLINE_EXCEEDED));
  }

  /** A resumed answer that ended in an "a" does not contain "aa". */
  @Test
  void tokensGeneratedElsewhereAreSeenOnce() {
    List<Integer> prompt = new ArrayList<>(Calls.prompt(5, 4));
    prompt.add((int) 'a');
    LocalPrompt resumed = LocalPrompt.newBuilder().addAllTokens(prompt).setGenerated(1).build();
    List<Integer> answer =
        Calls.decode(
                decode,
                Calls.local("plain", prompt, 12).setLocal(resumed).setStop(Calls.stop(12)).build())
            .tokens();
    assertThat(answer).as("or the test shows nothing").hasSize(11).doesNotContain((int) 'a');
    StopParameters stop = StopParameters.newBuilder().setMaxTokens(12).addStop("aa").build();
    assertThat(
            Calls.decode(
                    decode,
                    Calls.local("resumed", prompt, 12).setLocal(resumed).setStop(stop).build())
                .tokens())
        .isEqualTo(answer);
  }

  @Test
  void stopStringsEndTheAnswerOnEitherWorker() {
    List<Integer> prompt = Calls.prompt(20, 3);
    List<Integer> tokens = Calls.decode(decode, Calls.local("free", prompt, 12).build()).tokens();
    StopParameters stop =
        StopParameters.newBuilder().setMaxTokens(12).addStop(ascii(tokens)).build();
    int expected = firstAscii(tokens) + 1;
    assertThat(
            Calls.decode(decode, Calls.local("local", prompt, 12).setStop(stop).build()).tokens())
        .isEqualTo(tokens.subList(0, expected));
  }

  @Test
  void workersSayWhatTheirStepsTake() {
    Calls.decode(decode, Calls.local("timed", Calls.prompt(20, 3), 12).build());
    StepCost cost =
        WorkerGrpc.newBlockingStub(decode.channel())
            .getStatus(GetStatusRequest.getDefaultInstance())
            .getStepCost();
    assertThat(cost.getSamples()).isPositive();
    assertThat(cost.getMaxBatchTokens()).isPositive();
    assertThat(cost.getBaseSeconds() + cost.getPerRowSeconds()).isPositive();
    assertThat(cost.getPerPairSeconds()).isNotNegative();
  }

  @Test
  void workersDescribeThemselves() {
    WorkerStatus status =
        WorkerGrpc.newBlockingStub(decode.channel())
            .getStatus(GetStatusRequest.getDefaultInstance());
    assertThat(status.getRole()).isEqualTo(Role.ROLE_DECODE);
    assertThat(status.getReady()).isTrue();
    assertThat(status.getTotalBlocks()).isEqualTo(16);
    assertThat(status.getKvAddress()).isEqualTo(decode.address());
    assertThat(status.getInstance())
        .startsWith("decode-")
        .isEqualTo(
            WorkerGrpc.newBlockingStub(decode.channel())
                .getStatus(GetStatusRequest.getDefaultInstance())
                .getInstance());
    ModelInfo info =
        WorkerGrpc.newBlockingStub(decode.channel())
            .getModelInfo(GetModelInfoRequest.newBuilder().setIncludeTokenizer(true).build());
    assertThat(info.getName()).isEqualTo("llama-tiny");
    assertThat(info.getContextLength()).as("16 blocks of 16").isEqualTo(256);
    assertThat(info.getTokenizerJson().toStringUtf8()).contains("ByteLevel");
    assertThat(info.getChatTemplate()).isNotEmpty();
    assertThat(
            WorkerGrpc.newBlockingStub(prefill.channel())
                .getModelInfo(GetModelInfoRequest.getDefaultInstance())
                .getTokenizerJson()
                .isEmpty())
        .isTrue();
  }

  private static Iterator<TokenChunk> longAnswer(String id, int promptTokens) {
    return DecodeGrpc.newBlockingStub(decode.channel())
        .withDeadlineAfter(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS)
        .decode(Calls.local(id, Calls.prompt(promptTokens, 1), 200).build());
  }

  private static PrefillReply prefill(String id, List<Integer> prompt, String target) {
    return Calls.prefill(prefill, Calls.prefillRequest(id, prompt, 8, target).build());
  }

  /** The first token that is a character by itself, as a stop string. */
  private static String ascii(List<Integer> tokens) {
    return Character.toString(tokens.get(firstAscii(tokens)));
  }

  private static int firstAscii(List<Integer> tokens) {
    for (int i = 0; i < tokens.size(); i++) {
      if (tokens.get(i) < 128) {
        return i;
      }
    }
    throw new AssertionError("no ASCII byte in " + tokens);
  }

  private static double computedTokens(Worker worker) {
    return worker
        .context()
        .getBean(PrometheusMeterRegistry.class)
        .get("vllm:prompt_tokens")
        .counter()
        .count();
  }

  private static void assertFailure(Status.Code status, String code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .satisfies(
            e -> {
              assertThat(Status.fromThrowable(e).getCode()).isEqualTo(status);
              assertThat(Failures.from(e).getCode()).isEqualTo(code);
            });
  }

  private static void assertParam(String param, ThrowingCallable call) {
    assertThatThrownBy(call)
        .satisfies(
            e -> {
              assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
              assertThat(Failures.from(e).getParam()).isEqualTo(param);
            });
  }
}
