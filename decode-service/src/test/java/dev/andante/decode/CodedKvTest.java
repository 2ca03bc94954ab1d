package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.KvLayout;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.PrefillReply;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** KV in eight bits on the wire, through real services: answers come, and nothing is shared. */
@Tag("slow")
class CodedKvTest {

  private static final List<Integer> PROMPT = Calls.prompt(50, 8);
  private static final int TOKENS = 24;

  private static Worker prefill;
  private static Worker decode;

  @BeforeAll
  static void start() {
    prefill = Worker.prefill("--andante.prefill.kv-coding=q8");
    decode = Worker.decode("--andante.decode.kv-coding=q8", "--andante.engine.kv-memory=2MB");
  }

  @AfterAll
  static void stop() {
    prefill.close();
    decode.close();
  }

  private static long bytes(int tokens) {
    KvLayout layout = decode.running().kvLayout();
    return KvCoding.Q8.bytes(layout, (long) tokens * layout.layers());
  }

  private static long received(Worker worker) {
    return (long)
        worker
            .context()
            .getBean(PrometheusMeterRegistry.class)
            .get("andante_kv_transfer_bytes")
            .counter()
            .count();
  }

  private static PrefillReply prefillFor(String id) {
    return Calls.prefill(
        prefill, Calls.prefillRequest(id, PROMPT, TOKENS, decode.address()).build());
  }

  @Test
  void anAnswerGoesOnWithIt() {
    long before = received(decode);
    PrefillReply reply = prefillFor("a");
    assertThat(reply.getKvBytes())
        .isEqualTo(bytes(PROMPT.size()))
        .isLessThan(PROMPT.size() * decode.running().kvLayout().bytesPerToken());
    assertThat(received(decode) - before).isEqualTo(reply.getKvBytes());
    Calls.Answer rest = Calls.decode(decode, Calls.transferred("a", reply, TOKENS).build());
    assertThat(rest.tokens()).hasSize(TOKENS - 1);
    assertThat(rest.last().getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
    prefill.awaitIdle();
    decode.awaitIdle();
  }

  /** Else the next answer would not be what it is alone. */
  @Test
  void whatCameSoIsNotFoundByOtherPrompts() {
    for (String id : List.of("first", "second")) {
      PrefillReply reply = prefillFor(id);
      assertThat(reply.getKvSharedTokens()).isZero();
      Calls.decode(decode, Calls.transferred(id, reply, TOKENS).build());
    }
    Calls.Answer local = Calls.decode(decode, Calls.local("local", PROMPT, TOKENS).build());
    assertThat(local.last().getStats().getCachedTokens()).isZero();
    decode.awaitIdle();
  }

  @Test
  void anAnswerIsHandedOverInIt() {
    try (Worker to = Worker.decode("--andante.engine.kv-memory=2MB")) {
      EngineHold.slow(decode, "slow");
      List<Integer> prompt = Calls.prompt(40, 3); // decode's cache has it from then on
      RunningAnswer begun =
          RunningAnswer.start(decode, Calls.local("moving", prompt, 300).build()).awaitTokens(20);
      begun.handOver(1, to.address());
      var moved = begun.end().getMoved();
      assertThat(received(to)).isEqualTo(bytes(moved.getTokens()));
      Calls.Answer rest = Calls.decode(to, begun.rest(moved, prompt));
      assertThat(begun.tokens().size() + rest.tokens().size()).isEqualTo(300);
      to.awaitIdle();
    }
    decode.awaitIdle();
  }
}
