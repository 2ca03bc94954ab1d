package dev.andante.kvtransfer.grpc;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvTransferGrpc;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;

/**
 * The method {@code Push} with frames that are parsed where they lie: what comes is read into one
 * array, of which the payload is a view. The generated method copies each payload once more, out of
 * a buffer of its own. Nothing else differs, and the bytes on the wire are the same; what is sent
 * goes from the payload's array to the link in either case.
 */
final class PushMethod {

  static final MethodDescriptor<KvFrame, KvAck> PUSH =
      KvTransferGrpc.getPushMethod().toBuilder()
          .setRequestMarshaller(new Frames(KvTransferGrpc.getPushMethod().getRequestMarshaller()))
          .build();

  static final ServiceDescriptor SERVICE =
      ServiceDescriptor.newBuilder(KvTransferGrpc.SERVICE_NAME)
          .setSchemaDescriptor(KvTransferGrpc.getServiceDescriptor().getSchemaDescriptor())
          .addMethod(PUSH)
          .build();

  private PushMethod() {}

  private record Frames(Marshaller<KvFrame> generated) implements Marshaller<KvFrame> {

    @Override
    public InputStream stream(KvFrame frame) {
      return generated.stream(frame);
    }

    @Override
    public KvFrame parse(InputStream stream) {
      try {
        byte[] bytes = stream instanceof KnownLength ? exactly(stream) : stream.readAllBytes();
        CodedInputStream input = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
        input.enableAliasing(true);
        KvFrame frame = KvFrame.parseFrom(input);
        input.checkLastTagWas(0);
        return frame;
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

    private static byte[] exactly(InputStream stream) throws IOException {
      byte[] bytes = new byte[stream.available()];
      if (stream.readNBytes(bytes, 0, bytes.length) < bytes.length) {
        throw new IOException("the frame ends before its end");
      }
      return bytes;
    }
  }
}
