package dev.andante.gateway.client;

import dev.andante.service.grpc.RequestIdentity;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.FluxSink.OverflowStrategy;

/** One gRPC call per subscription. */
final class Calls {

  private Calls() {}

  static CallOptions options(Deadline deadline, RequestIdentity identity) {
    return identity.on(CallOptions.DEFAULT.withDeadline(deadline));
  }

  /**
   * Answers of a unary or server-streaming call. They are buffered without bound: an answer is
   * bounded by its max_tokens, and a slow reader must not slow the engine down.
   */
  static <Q, R> Flux<R> call(
      Channel channel, MethodDescriptor<Q, R> method, CallOptions options, Q request) {
    return Flux.create(
        sink -> {
          ClientCall<Q, R> call = channel.newCall(method, options);
          sink.onCancel(() -> call.cancel("the caller left", null));
          if (sink.isCancelled()) {
            return; // before the call began: a cancelled call cannot be started
          }
          ToSink<R> observer = new ToSink<>(sink);
          if (method.getType().serverSendsOneMessage()) {
            ClientCalls.asyncUnaryCall(call, request, observer);
          } else {
            ClientCalls.asyncServerStreamingCall(call, request, observer);
          }
        },
        OverflowStrategy.BUFFER);
  }

  private record ToSink<R>(FluxSink<R> sink) implements StreamObserver<R> {
    @Override
    public void onNext(R value) {
      sink.next(value);
    }

    @Override
    public void onError(Throwable error) {
      if (!sink.isCancelled()) { // the echo of our own cancellation has nobody to hear it
        sink.error(error);
      }
    }

    @Override
    public void onCompleted() {
      sink.complete();
    }
  }
}
