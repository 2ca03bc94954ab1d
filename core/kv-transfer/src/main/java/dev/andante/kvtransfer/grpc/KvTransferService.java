package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.Payloads;
import dev.andante.kvtransfer.link.InFrame;
import dev.andante.kvtransfer.link.LinkServer;
import dev.andante.protocol.v1.KvAck;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Takes pushes. */
public final class KvTransferService implements BindableService {

  /** Of memory for frames, beyond those that are held. */
  private static final long KEPT_BYTES = 16 << 20;

  private final Supplier<KvReceiver> receiver;
  private final @Nullable LinkServer links;
  private final MethodDescriptor<InFrame, KvAck> push =
      PushMethod.receiving(Payloads.onHeap(Payloads.share(KEPT_BYTES)));

  /**
   * @param receiver asked once per call; may throw an {@link dev.andante.engine.EngineException} or
   *     a status, which refuses the call
   */
  public KvTransferService(Supplier<KvReceiver> receiver) {
    this(receiver, null);
  }

  /**
   * @param receiver asked once per call; may throw an {@link dev.andante.engine.EngineException} or
   *     a status, which refuses the call
   * @param links offered to senders that take them; theirs to close who made it. Null = frames come
   *     over gRPC
   */
  public KvTransferService(Supplier<KvReceiver> receiver, @Nullable LinkServer links) {
    this.receiver = receiver;
    this.links = links;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder(PushMethod.service(push))
        .addMethod(push, ServerCalls.asyncBidiStreamingCall(this::push))
        .build();
  }

  private StreamObserver<InFrame> push(StreamObserver<KvAck> responses) {
    PushInbound call =
        new PushInbound((ServerCallStreamObserver<KvAck>) responses, receiver, links);
    call.start();
    return call;
  }
}
