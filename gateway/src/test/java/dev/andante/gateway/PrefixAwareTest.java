package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.BlockKey;
import dev.andante.protocol.v1.KvBlock;
import dev.andante.protocol.v1.KvChange;
import dev.andante.protocol.v1.KvChanges;
import dev.andante.protocol.v1.KvTier;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A prompt is computed where most of it is. */
@Tag("slow")
class PrefixAwareTest {

  private static final int BLOCK = 16; // as fake workers say
  private static final int[] PROMPT = new int[40];

  static {
    Arrays.setAll(PROMPT, i -> 1 + i % 7);
  }

  private final FakeWorker decode = FakeWorker.decode();

  /** Of equals the gateway takes the first one. */
  private final List<FakeWorker> prefills =
      Stream.of(FakeWorker.prefill(), FakeWorker.prefill())
          .sorted(Comparator.comparing(FakeWorker::target))
          .toList();

  private final FakeWorker usual = prefills.getFirst();
  private final FakeWorker other = prefills.getLast();
  private GatewayFixture gateway;

  @AfterEach
  void stop() {
    gateway.close();
  }

  private void start(String... properties) {
    List<FakeWorker> all = List.of(decode, usual, other);
    all.forEach(worker -> worker.answers("Hello"));
    gateway = GatewayFixture.start(all, properties);
  }

  /** Who computes the prompt now. */
  private FakeWorker asked() {
    int before = other.prefills.size();
    String ids = Arrays.toString(PROMPT);
    assertThat(gateway.post("/v1/completions", "{\"prompt\":" + ids + "}").statusCode())
        .isEqualTo(200);
    return other.prefills.size() > before ? other : usual;
  }

  /** So many of the prompt's blocks, as their only content. */
  private static KvChanges holding(int blocks) {
    KvChanges.Builder all = KvChanges.newBuilder().setResync(true).setSequence(blocks);
    byte[] name =
        hash(
            TestModel.info(TestModel.NAME, false)
                .getFingerprint()
                .getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < blocks; i++) {
      ByteBuffer content = ByteBuffer.allocate(16 + 4 * BLOCK).put(name);
      for (int j = i * BLOCK; j < (i + 1) * BLOCK; j++) {
        content.putInt(PROMPT[j]);
      }
      name = hash(content.array());
      ByteBuffer key = ByteBuffer.wrap(name);
      all.addChanges(
          KvChange.newBuilder()
              .setTier(KvTier.KV_TIER_POOL)
              .setStored(
                  KvBlock.newBuilder()
                      .setDepth(i)
                      .setKey(BlockKey.newBuilder().setHigh(key.getLong()).setLow(key.getLong()))));
    }
    return all.build();
  }

  private static byte[] hash(byte[] content) {
    try {
      return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(content), 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void thePromptGoesWhereItsBeginningIsForAsLongAsThatIsKnown() {
    start();
    assertThat(asked()).isSameAs(usual);
    Await.until(() -> !other.watching.isEmpty(), "it is asked what it holds");
    other.holds(holding(2));
    Await.until(() -> asked() == other, "it is known");
    usual.holds(holding(1));
    assertThat(Collections.nCopies(5, 0).stream().map(_ -> asked()).distinct())
        .as("who has more")
        .containsExactly(other);
    other.holds(holding(0));
    Await.until(() -> asked() == usual, "it gave them up");
    other.holds(holding(2));
    Await.until(() -> asked() == other, "it has them again");
    other.endWatching();
    usual.holds(holding(0));
    Await.until(() -> asked() == usual, "it tells no more");
    Await.until(() -> asked() == other, "it is asked again");
  }

  @Test
  void theQueueCountsToo() {
    start();
    Await.until(() -> !other.watching.isEmpty(), "it is asked what it holds");
    other.holds(holding(2));
    Await.until(() -> asked() == other, "it is known");
    other.queuedPromptTokens = 1000;
    Await.until(() -> asked() == usual, "computing it elsewhere is sooner");
  }

  @Test
  void nobodyIsAskedWhenOff() {
    start("andante.gateway.routing.prefix-aware=off");
    other.holds(holding(2));
    int told = other.statuses.get();
    Await.until(() -> other.statuses.get() > told + 3, "it was heard of again");
    assertThat(other.watching).isEmpty();
    assertThat(asked()).isSameAs(usual);
  }
}
