package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tokens count when they come, not only when an answer is complete. */
@Tag("slow")
class TokenCountsTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

  private final CountDownLatch gate = new CountDownLatch(1);
  private FakeWorker prefill;
  private FakeWorker decode;
  private GatewayFixture gateway;
  private CapturedLogs logs;

  @BeforeEach
  void start() {
    prefill = FakeWorker.prefill();
    decode = FakeWorker.decode();
    gateway = GatewayFixture.start(List.of(prefill, decode));
    logs = new CapturedLogs();
  }

  @AfterEach
  void stop() {
    logs.close();
    gate.countDown();
    gateway.close();
  }

  private void counted(int prompt, int generated) {
    Await.until(
        () ->
            gateway.metric("vllm:prompt_tokens_total{") == prompt
                && gateway.metric("vllm:generation_tokens_total{") == generated,
        "the counters say " + prompt + " and " + generated);
  }

  private void logged(String how, int prompt, int generated) {
    String end = "prompt=" + prompt + " generated=" + generated + " in ";
    Await.until(
        () -> logs.lines().stream().anyMatch(l -> l.text().contains(how) && l.text().contains(end)),
        "a line that says " + how + " and " + end);
  }

  @Test
  void ofAnAnswerThatIsDone() {
    gateway.post(CHAT, HI + ",\"n\":2}");
    counted(42, 12); // the prompt counts for each answer, computed or forked
    logged(" done ", 21, 12);
  }

  @Test
  void ofAnAnswerWhoseClientLeaves() throws IOException {
    decode.tokensBeforeGate = 2;
    decode.decodeGate = gate;
    String body = HI + ",\"stream\":true}";
    try (RawClient client = new RawClient(gateway.port)) {
      client
          .post(CHAT, "Content-Type: application/json\r\nContent-Length: " + body.length())
          .send("\r\n\r\n" + body)
          .await("\"content\":\"l\"");
      counted(21, 3);
    }
    logged("cancelled by the client", 21, 3);
    counted(21, 3);
  }

  @Test
  void ofAnAnswerThatFails() {
    decode.decodeFailures.add(
        new FakeWorker.Cut(3, Failures.of(Status.Code.INTERNAL, "internal", "broke", false)));
    assertThat(gateway.post(CHAT, HI + "}").statusCode()).isEqualTo(502);
    counted(21, 4);
    logged(" failed ", 21, 4);
  }

  @Test
  void ofAnAnswerThatIsResumed() {
    decode.decodeFailures.add(new FakeWorker.Cut(3, Status.UNAVAILABLE.asRuntimeException()));
    assertThat(gateway.post(CHAT, HI + "}").statusCode()).isEqualTo(200);
    counted(21, 6);
    logged(" done ", 21, 6);
  }
}
