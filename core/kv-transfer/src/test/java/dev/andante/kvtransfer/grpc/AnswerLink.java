package dev.andante.kvtransfer.grpc;

import dev.andante.protocol.v1.KvAck;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;

/** Changes what a receiver answers. */
final class AnswerLink implements ClientInterceptor {

  private final BiFunction<Integer, KvAck, KvAck> change;
  private final AtomicInteger calls = new AtomicInteger();

  /**
   * @param change the answer in place of one, given the number of its call, from 0, and itself
   */
  AnswerLink(BiFunction<Integer, KvAck, KvAck> change) {
    this.change = change;
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    int number = calls.getAndIncrement();
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<R> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<R>(listener) {
              @Override
              @SuppressWarnings("unchecked") // the only call of these tests is Push
              public void onMessage(R message) {
                super.onMessage((R) change.apply(number, (KvAck) message));
              }
            },
            headers);
      }
    };
  }
}
