package dev.andante.kvtransfer.grpc;

import dev.andante.protocol.v1.KvFrame;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.MethodDescriptor;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Changes the messages that a client sends.
 *
 * @param fault the messages to send in place of one, given its number and itself
 */
record FaultLink(BiFunction<Integer, KvFrame, List<KvFrame>> fault) implements ClientInterceptor {

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      private int count;

      @Override
      @SuppressWarnings("unchecked") // the only call of these tests is Push
      public void sendMessage(Q message) {
        OutFrame sent = (OutFrame) message;
        for (KvFrame frame : fault.apply(count++, sent.frame())) {
          super.sendMessage((Q) new OutFrame(frame, sent.memory()));
        }
      }
    };
  }
}
