package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.BFloat16;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvRun;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.kvtransfer.Payloads;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Runs wait in memory that is theirs as long as they may have to be sent again. */
class SendQueueTest {

  private static final int LAYERS = 3;
  private static final KvLayout LAYOUT = new KvLayout(LAYERS, 1, 1, 16, DType.F32);
  private static final int TOKEN_LAYER = 8;
  private static final int TOKEN = LAYERS * TOKEN_LAYER;
  private static final int TOKENS = 16;

  private final Payloads payloads = Payloads.onHeap(1 << 20);
  private final SendQueue queue = queue(payloads);

  private static SendQueue queue(Payloads payloads) {
    return new SendQueue(payloads, LAYOUT, TOKENS, TOKEN_LAYER);
  }

  private static boolean add(SendQueue queue, int token) {
    ByteBuffer kv = ByteBuffer.allocate(TOKEN).order(ByteOrder.LITTLE_ENDIAN);
    while (kv.hasRemaining()) {
      kv.putFloat(token + 1);
    }
    return queue.add(token, 1, new LaidOutKv(LAYERS, MemorySegment.ofArray(kv.array())));
  }

  private static byte[] content(KvRun run) {
    byte[] content = new byte[run.payload().remaining()];
    run.payload().duplicate().get(content);
    return content;
  }

  /** K and V of a token in a layer, each the token's number, from 1. */
  private static byte[] expected(long sequence, KvCoding coding) {
    float value = sequence / LAYERS + 1;
    int bytes = Math.toIntExact(coding.bytes(LAYOUT, 1));
    ByteBuffer content = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int half = 0; half < 2; half++) {
      switch (coding) {
        case AS_IS -> content.putFloat(value);
        case Q8 -> content.putShort(BFloat16.fromFloat(value)).put((byte) 127);
      }
    }
    return content.array();
  }

  /** The queue of another transfer writes over whatever memory is free. */
  private static void useFreeMemory(Payloads payloads) {
    List<Payloads.Payload> taken = new ArrayList<>();
    while (payloads.keptBytes() > 0) {
      Payloads.Payload free = payloads.take(1);
      Arrays.fill(free.bytes(0).array(), (byte) 99);
      taken.add(free);
    }
    taken.forEach(Payloads.Payload::release);
  }

  /** Whatever is written, acknowledged and sent again, in whatever order. */
  @Property(tries = 300)
  void whatMayBeSentAgainIsNotWrittenOver(@ForAll long seed, @ForAll KvCoding coding) {
    Random random = new Random(seed);
    Payloads memory = Payloads.onHeap(1 << 20);
    SendQueue sent = queue(memory);
    sent.begin(0, coding);
    int added = 0;
    long next = 0;
    long acknowledged = 0;
    List<SendQueue.Taken> writing = new ArrayList<>();
    for (int step = 0; step < 300; step++) {
      switch (random.nextInt(6)) {
        case 0 -> {
          if (added < TOKENS) {
            assertThat(add(sent, added++)).isTrue();
          }
        }
        case 1, 2 -> {
          SendQueue.Taken taken = sent.take();
          assertThat(taken == null).isEqualTo(next == (long) added * LAYERS);
          if (taken != null) {
            assertThat(taken.run().sequence()).isEqualTo(next++);
            writing.add(taken);
          }
        }
        case 3 -> {
          if (!writing.isEmpty()) {
            SendQueue.Taken written = writing.remove(random.nextInt(writing.size()));
            written.memory().release();
          }
        }
        case 4 -> {
          acknowledged += random.nextLong(next - acknowledged + 1);
          sent.acknowledged(acknowledged);
        }
        default -> {
          if (random.nextInt(5) == 0) { // the call broke
            next = acknowledged + random.nextLong(next - acknowledged + 1);
            assertThat(sent.rewind(next)).isTrue();
            acknowledged = next;
            sent.acknowledged(next);
          }
        }
      }
      useFreeMemory(memory);
      for (SendQueue.Taken taken : writing) {
        assertThat(content(taken.run())).isEqualTo(expected(taken.run().sequence(), coding));
      }
    }
    sent.close();
    SendQueue.@Nullable Taken last;
    while ((last = sent.take()) != null) {
      assertThat(last.run().sequence()).isEqualTo(next++);
      assertThat(content(last.run())).isEqualTo(expected(last.run().sequence(), coding));
      last.memory().release();
    }
    assertThat(next).isEqualTo((long) added * LAYERS);
    writing.forEach(taken -> taken.memory().release());
    sent.acknowledged(next);
    assertThat(sent.kept()).isZero();
    assertThat(memory.keptBytes() > 0).isEqualTo(added > 0);
  }

  @Test
  void memoryComesBackWhenAllIsAcknowledged() {
    queue.begin(0, KvCoding.AS_IS);
    add(queue, 0);
    add(queue, 1);
    for (int i = 0; i < 2 * LAYERS; i++) {
      SendQueue.Taken taken = queue.take();
      assertThat(taken).isNotNull();
      taken.memory().release();
    }
    assertThat(payloads.keptBytes()).isZero();
    queue.acknowledged(2 * LAYERS);
    assertThat(payloads.keptBytes()).isEqualTo(2 * TOKEN);
  }

  @Test
  void aRunThatIsBeingWrittenKeepsItsMemoryThroughADrop() {
    queue.begin(0, KvCoding.AS_IS);
    add(queue, 0);
    SendQueue.Taken taken = queue.take();
    assertThat(taken).isNotNull();
    queue.drop();
    useFreeMemory(payloads);
    assertThat(content(taken.run())).isEqualTo(expected(0, KvCoding.AS_IS));
    assertThat(payloads.keptBytes()).isEqualTo(TOKEN - TOKEN_LAYER);
    taken.memory().release();
    assertThat(payloads.keptBytes()).isEqualTo(TOKEN);
  }

  /** KV handed over just before the grant, and queued just after it. */
  @Test
  void tokensThatTheReceiverHasAreNotSentWheneverTheyAreAdded() {
    add(queue, 0);
    queue.begin(2, KvCoding.AS_IS);
    add(queue, 1);
    assertThat(queue.take()).isNull();
    assertThat(queue.acceptedBytes()).isZero();
    assertThat(payloads.keptBytes()).isEqualTo(TOKEN);
    add(queue, 2);
    SendQueue.Taken taken = queue.take();
    assertThat(taken).isNotNull();
    assertThat(taken.run().sequence()).isZero();
    assertThat(taken.run().firstToken()).isEqualTo(2);
    assertThat(queue.acceptedBytes()).isEqualTo(TOKEN);
  }

  @Test
  void moreThanThePromptHasIsRefused() {
    for (int token = 0; token < TOKENS; token++) {
      assertThat(add(queue, token)).isTrue();
    }
    assertThat(add(queue, TOKENS)).isFalse();
  }

  /** How it has to be coded is not known before. */
  @Test
  void nothingLeavesBeforeTheGrant() {
    add(queue, 0);
    queue.close();
    assertThat(queue.take()).isNull();
    assertThat(queue.exhausted()).isFalse();
    queue.begin(0, KvCoding.Q8);
    for (int i = 0; i < LAYERS; i++) {
      SendQueue.Taken taken = queue.take();
      assertThat(taken).isNotNull();
      assertThat(content(taken.run())).isEqualTo(expected(i, KvCoding.Q8));
    }
    assertThat(queue.exhausted()).isTrue();
    assertThat(queue.acceptedBytes()).isEqualTo(LAYERS * 6);
  }

  /** Coded memory goes to gRPC; what it was coded from stays until it is acknowledged. */
  @Test
  void memoryOfCodedRunsComesBackToo() {
    queue.begin(0, KvCoding.Q8);
    add(queue, 0);
    SendQueue.Taken taken = queue.take();
    assertThat(taken).isNotNull();
    taken.memory().release();
    assertThat(payloads.keptBytes()).isEqualTo(6);
    queue.acknowledged(1);
    assertThat(payloads.keptBytes()).isEqualTo(6 + TOKEN_LAYER);
  }
}
