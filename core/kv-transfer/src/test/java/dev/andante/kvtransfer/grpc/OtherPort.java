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

/**
 * Makes senders take a link to be at another port than its receiver says.
 *
 * @param port of something in between, or of nothing
 */
record OtherPort(int port) implements ClientInterceptor {

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<R> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<R>(listener) {
              @Override
              @SuppressWarnings("unchecked") // the only call of these tests is Push
              public void onMessage(R message) {
                super.onMessage((R) redirected((KvAck) message));
              }
            },
            headers);
      }
    };
  }

  private KvAck redirected(KvAck ack) {
    if (!ack.getGranted().hasLink()) {
      return ack;
    }
    KvAck.Builder changed = ack.toBuilder();
    changed.getGrantedBuilder().getLinkBuilder().setPort(port);
    return changed.build();
  }
}
