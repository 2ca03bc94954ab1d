package dev.andante.kvtransfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** KV that comes in eight bits. */
class CodedInboundTest {

  private static final KvFormat FORMAT = KvFormat.of(FakeEngine.LAYOUT, "model", "reference");
  private static final Attempt ATTEMPT = new Attempt("r", 0);
  private static final String HANDLE = "r#0";
  private static final PromptTokens PROMPT = new PromptTokens(new int[1], 0);

  private final FakeEngine engine = new FakeEngine();
  private final KvReceiver receiver = new KvReceiver(engine, FORMAT, KvTransferObserver.NONE);
  private final byte[] elements =
      CodedRows.elements(FakeEngine.LAYOUT, FakeEngine.LAYOUT.layers(), 1);

  @AfterEach
  void stop() {
    engine.close();
  }

  private KvInbound open(KvCoding coding) {
    KvInbound opened = receiver.open(ATTEMPT, FORMAT, PROMPT, Duration.ZERO, coding);
    await(opened.reservation());
    return opened;
  }

  private static KvRun run(byte[] payload) {
    return KvRun.of(0, 0, 1, 0, FakeEngine.LAYOUT.layers(), ByteBuffer.wrap(payload));
  }

  private static <T> T await(CompletableFuture<T> future) {
    return future.orTimeout(10, TimeUnit.SECONDS).join();
  }

  @Test
  void itIsStoredAsElements() {
    KvInbound inbound = open(KvCoding.Q8);
    inbound.store(run(CodedRows.write(FakeEngine.LAYOUT, elements)));
    await(inbound.commit(1, 1));
    assertThat(engine.contentOf(HANDLE))
        .isEqualTo(CodedRows.throughEightBits(FakeEngine.LAYOUT, elements));
  }

  /** Though the numerics of both ends are: it must not be found by other prompts. */
  @Test
  void itIsNotWhatTheEngineWouldHaveComputed() {
    open(KvCoding.Q8);
    assertThat(engine.sources()).containsExactly(KvSource.OTHER);
  }

  @Test
  void aRunOfAnotherCodingsSizeIsABadFrame() {
    KvInbound inbound = open(KvCoding.Q8);
    assertThatThrownBy(() -> inbound.store(run(elements)))
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.code()).isEqualTo(Code.BAD_FRAME))
        .hasMessageContaining("frame of " + elements.length + " bytes where 72 were due");
    assertThat(engine.reservationsHeld()).isZero();
  }

  @Test
  void aRunCutShortIsABadFrame() {
    KvInbound inbound = open(KvCoding.Q8);
    byte[] coded = CodedRows.write(FakeEngine.LAYOUT, elements);
    assertThatThrownBy(() -> inbound.store(run(Arrays.copyOf(coded, coded.length - 1))))
        .hasMessageContaining("frame of 71 bytes where 72 were due");
    assertThat(engine.reservationsHeld()).isZero();
  }

  @Test
  void anotherStreamTakesItUpWithTheSameCodingOnly() {
    KvInbound inbound = open(KvCoding.Q8);
    assertThat(receiver.open(ATTEMPT, FORMAT, PROMPT, Duration.ZERO, KvCoding.Q8))
        .isSameAs(inbound);
    assertThat(receiver.open(ATTEMPT, FORMAT, PROMPT, Duration.ZERO, KvCoding.AS_IS))
        .isNotSameAs(inbound);
  }
}
