package dev.andante.kvtransfer.grpc;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.andante.kvtransfer.Payloads;
import dev.andante.kvtransfer.link.InFrame;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvTransferGrpc;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The method {@code Push} with payloads in memory that is used again. What is sent goes from its
 * memory to the link, and holds that until gRPC has written it, or lets go of it unwritten. What
 * comes is read into one array and parsed where it lies; the generated method copies each payload
 * once more, out of a buffer of its own. The bytes on the wire are the same.
 */
final class PushMethod {

  private static final MethodDescriptor<KvFrame, KvAck> GENERATED = KvTransferGrpc.getPushMethod();

  /** For senders. */
  static final MethodDescriptor<OutFrame, KvAck> SENDING =
      GENERATED.toBuilder(new Out(), GENERATED.getResponseMarshaller()).build();

  private PushMethod() {}

  /** For a receiver. */
  static MethodDescriptor<InFrame, KvAck> receiving(Payloads payloads) {
    return GENERATED.toBuilder(new In(payloads), GENERATED.getResponseMarshaller()).build();
  }

  /** The service with that method. */
  static ServiceDescriptor service(MethodDescriptor<InFrame, KvAck> push) {
    return ServiceDescriptor.newBuilder(KvTransferGrpc.SERVICE_NAME)
        .setSchemaDescriptor(KvTransferGrpc.getServiceDescriptor().getSchemaDescriptor())
        .addMethod(push)
        .build();
  }

  private record Out() implements Marshaller<OutFrame> {

    @Override
    public InputStream stream(OutFrame out) {
      InputStream stream = GENERATED.streamRequest(out.frame());
      return out.memory() == null ? stream : new Held(stream, out.memory());
    }

    @Override
    public OutFrame parse(InputStream stream) {
      throw new UnsupportedOperationException("a sender reads no frames");
    }
  }

  /** Bytes of a message; holds the memory of its payload until it is closed, as gRPC does. */
  private static final class Held extends FilterInputStream implements Drainable, KnownLength {

    private final Payloads.Payload memory;
    private final AtomicBoolean closed = new AtomicBoolean();

    Held(InputStream message, Payloads.Payload memory) {
      super(message);
      this.memory = memory;
      memory.hold();
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      return ((Drainable) in).drainTo(target);
    }

    @Override
    public void close() throws IOException {
      if (closed.compareAndSet(false, true)) {
        try {
          super.close();
        } finally {
          memory.release();
        }
      }
    }
  }

  private record In(Payloads payloads) implements Marshaller<InFrame> {

    @Override
    public InputStream stream(InFrame frame) {
      throw new UnsupportedOperationException("a receiver sends no frames");
    }

    @Override
    public InFrame parse(InputStream stream) {
      try {
        if (!(stream instanceof KnownLength)) {
          byte[] bytes = stream.readAllBytes();
          return InFrame.whole(parsed(bytes, bytes.length), null);
        }
        int length = stream.available();
        Payloads.Payload memory = payloads.take(length);
        ByteBuffer message = memory.bytes(length);
        byte[] bytes = message.array();
        if (stream.readNBytes(bytes, message.arrayOffset(), length) < length) {
          throw new IOException("the frame ends before its end");
        }
        return InFrame.whole(parsed(bytes, length), memory);
      } catch (InvalidProtocolBufferException e) {
        throw Status.INTERNAL
            .withDescription("a KV frame that is none")
            .withCause(e)
            .asRuntimeException();
      } catch (IOException e) {
        throw Status.INTERNAL
            .withDescription("a KV frame could not be read")
            .withCause(e)
            .asRuntimeException();
      }
    }

    private static KvFrame parsed(byte[] bytes, int length) throws IOException {
      CodedInputStream input = UnsafeByteOperations.unsafeWrap(bytes, 0, length).newCodedInput();
      input.enableAliasing(true);
      KvFrame frame = KvFrame.parseFrom(input);
      input.checkLastTagWas(0);
      return frame;
    }
  }
}
