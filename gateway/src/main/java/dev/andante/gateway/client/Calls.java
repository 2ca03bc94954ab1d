package dev.andante.gateway.client;

import dev.andante.service.grpc.RequestIdentity;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.atomic.AtomicReference;
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
          Leaving leaving = new Leaving(call);
          sink.onCancel(leaving::leave);
          if (sink.isCancelled()) {
            return; // before the call began: a cancelled call cannot be started
          }
          ToSink<R> observer = new ToSink<>(sink);
          if (method.getType().serverSendsOneMessage()) {
            ClientCalls.asyncUnaryCall(call, request, observer);
          } else {
            ClientCalls.asyncServerStreamingCall(call, request, observer);
          }
          leaving.begun();
        },
        OverflowStrategy.BUFFER);
  }

  /**
   * Cancels a call, though not while it begins: gRPC fails then ({@code RetriableStream} has no
   * listener yet), and a cancellation that throws leaves all those uncancelled that stand above it.
   */
  private static final class Leaving {

    private enum State {
      BEGINS,
      BEGUN,
      LEFT
    }

    private final ClientCall<?, ?> call;
    private final AtomicReference<State> state = new AtomicReference<>(State.BEGINS);

    Leaving(ClientCall<?, ?> call) {
      this.call = call;
    }

    void begun() {
      if (!state.compareAndSet(State.BEGINS, State.BEGUN)) {
        cancel();
      }
    }

    void leave() {
      if (!state.compareAndSet(State.BEGINS, State.LEFT)) {
        cancel();
      }
    }

    private void cancel() {
      call.cancel("the caller left", null);
    }
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
