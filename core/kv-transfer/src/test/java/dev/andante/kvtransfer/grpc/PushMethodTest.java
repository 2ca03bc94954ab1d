package dev.andante.kvtransfer.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.FakeEngine;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvRun;
import dev.andante.kvtransfer.Payloads;
import dev.andante.kvtransfer.link.InFrame;
import dev.andante.protocol.v1.KvData;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvTransferGrpc;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Frames as this marshaller and the generated one write and read them are the same. */
class PushMethodTest {

  private static final Payloads PAYLOADS = Payloads.onHeap(1 << 20);
  private static final Marshaller<OutFrame> OUT = PushMethod.SENDING.getRequestMarshaller();
  private static final Marshaller<InFrame> IN =
      PushMethod.receiving(PAYLOADS).getRequestMarshaller();
  private static final Marshaller<KvFrame> GENERATED =
      KvTransferGrpc.getPushMethod().getRequestMarshaller();

  /** As gRPC hands them over: the length is known, and reads may give less than was asked for. */
  private static final class Trickle extends FilterInputStream implements KnownLength {
    Trickle(byte[] bytes) {
      super(new ByteArrayInputStream(bytes));
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return super.read(target, offset, Math.min(length, 7));
    }
  }

  private static <T> byte[] bytes(Marshaller<T> marshaller, T frame) {
    try (InputStream stream = marshaller.stream(frame)) {
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static KvFrame parsed(InputStream stream) {
    return IN.parse(stream).frame();
  }

  private static void assertBothWays(KvFrame frame) {
    byte[] wire = bytes(OUT, OutFrame.of(frame));
    assertThat(wire).isEqualTo(bytes(GENERATED, frame)).isEqualTo(frame.toByteArray());
    InFrame came = IN.parse(new Trickle(wire));
    assertThat(came.frame()).isEqualTo(frame);
    came.release();
    assertThat(parsed(new ByteArrayInputStream(wire))).isEqualTo(frame);
    assertThat(GENERATED.parse(new ByteArrayInputStream(wire))).isEqualTo(frame);
  }

  @Property(tries = 200)
  void dataOfAnySize(@ForAll long seed, @ForAll @IntRange(max = 20_000) int size) {
    byte[] payload = new byte[size];
    new Random(seed).nextBytes(payload);
    assertBothWays(KvWire.data(KvRun.of(seed >>> 1, 3, 4, 0, 2, ByteBuffer.wrap(payload))));
  }

  @Test
  void everythingElse() {
    KvFormat format = KvFormat.of(FakeEngine.LAYOUT, "model", "reference");
    for (KvFrame frame :
        List.of(
            KvWire.open(
                new Attempt("r", 3),
                format,
                PromptTokens.of(1, 2, 3),
                Duration.ofSeconds(4),
                KvCoding.Q8),
            KvWire.heartbeat(),
            KvWire.cancel("why"),
            KvWire.commit(9, 12),
            KvFrame.getDefaultInstance())) {
      assertBothWays(frame);
    }
  }

  /** Of a later version, or in another order. */
  @Test
  void fieldsInAnotherOrderAndUnknownOnes() throws IOException {
    KvFrame frame = KvWire.data(KvRun.of(5, 3, 4, 0, 2, ByteBuffer.wrap(new byte[] {1, 2, 3})));
    KvData first =
        KvData.newBuilder().setPayload(ByteString.copyFrom(new byte[] {1, 2, 3})).build();
    KvData rest = frame.getData().toBuilder().clearPayload().build();
    ByteString.Output wire = ByteString.newOutput();
    KvFrame.newBuilder().setData(first).build().writeTo(wire);
    KvFrame.newBuilder().setData(rest).build().writeTo(wire);
    assertThat(parsed(wire.toByteString().newInput())).isEqualTo(frame);
    wire.write(new byte[] {(byte) 0xfa, 0x01, 0x01, 0x77}); // field 31, one byte
    assertThat(parsed(wire.toByteString().newInput()).getData()).isEqualTo(frame.getData());
  }

  @Test
  void whatIsNoFrameIsRefused() {
    byte[] wire = bytes(OUT, OutFrame.of(KvWire.commit(9, 12)));
    byte[] cut = java.util.Arrays.copyOf(wire, wire.length - 1);
    for (byte[] bad : new byte[][] {cut, {0x0c}, {0x12, 0x7f, 1}}) {
      assertThatThrownBy(() -> IN.parse(new Trickle(bad)))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessageContaining("a KV frame that is none");
    }
  }

  /** What has come may not change under whoever still reads it. */
  @Test
  void memoryOfFramesIsUsedAgainOnlyAfterTheirRelease() {
    byte[] wire = bytes(OUT, OutFrame.of(data(1)));
    byte[] other = bytes(OUT, OutFrame.of(data(2)));
    InFrame first = IN.parse(new Trickle(wire));
    InFrame second = IN.parse(new Trickle(other));
    assertThat(first.frame()).isEqualTo(data(1));
    assertThat(memory(second)).isNotSameAs(memory(first));
    byte[] used = memory(first);
    first.release();
    InFrame third = IN.parse(new Trickle(wire));
    assertThat(memory(third)).isSameAs(used);
    assertThat(third.frame()).isEqualTo(data(1));
    assertThat(second.frame()).isEqualTo(data(2));
    assertThatThrownBy(first::release).isInstanceOf(IllegalStateException.class);
  }

  /** A longer frame lay there before: what is left of it is no part of the next one. */
  @Test
  void whatWasInTheMemoryBeforeIsNotRead() {
    byte[] longer = bytes(OUT, OutFrame.of(data(1)));
    byte[] shorter = bytes(OUT, OutFrame.of(KvWire.commit(9, 12)));
    InFrame first = IN.parse(new Trickle(longer));
    first.release();
    InFrame second = IN.parse(new Trickle(shorter));
    assertThat(memory(second)).isSameAs(memory(first));
    assertThat(second.frame()).isEqualTo(KvWire.commit(9, 12));
  }

  /** gRPC closes a message that it has written, or will not write; until then it may be read. */
  @Test
  void memoryIsHeldUntilTheMessageIsClosed() throws IOException {
    Payloads payloads = Payloads.onHeap(1 << 10);
    Payloads.Payload memory = payloads.take(3);
    InputStream message = OUT.stream(new OutFrame(data(4), memory));
    InputStream again = OUT.stream(new OutFrame(data(4), memory));
    memory.release(); // acknowledged
    assertThat(message.readAllBytes()).isEqualTo(data(4).toByteArray());
    assertThat(payloads.keptBytes()).isZero();
    message.close();
    message.close();
    assertThat(payloads.keptBytes()).isZero();
    ByteString.Output link = ByteString.newOutput();
    ((Drainable) again).drainTo(link);
    assertThat(link.toByteString()).isEqualTo(data(4).toByteString());
    again.close();
    assertThat(payloads.keptBytes()).isEqualTo(3);
    assertThatThrownBy(() -> OUT.stream(new OutFrame(data(4), memory)))
        .isInstanceOf(IllegalStateException.class);
  }

  private static KvFrame data(int content) {
    byte[] payload = new byte[1000];
    java.util.Arrays.fill(payload, (byte) content);
    return KvWire.data(KvRun.of(content, 3, 4, 0, 2, ByteBuffer.wrap(payload)));
  }

  private static byte[] memory(InFrame frame) {
    Payloads.Payload memory = frame.memory();
    assertThat(memory).isNotNull();
    return memory.bytes(0).array();
  }
}
