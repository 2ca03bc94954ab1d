package dev.andante.kvtransfer.grpc;

import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvFrame;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiPredicate;

/**
 * Breaks calls as a lost connection does: at an answer, which the client does not get any more, or
 * when told to.
 */
final class BreakingLink implements ClientInterceptor {

  private final BiPredicate<Integer, KvAck> breaks;
  private final List<List<KvFrame>> calls = new CopyOnWriteArrayList<>();
  private volatile Runnable breakLatest = () -> {};

  /**
   * @param breaks whether the call of that number, from 0, breaks at that answer
   */
  BreakingLink(BiPredicate<Integer, KvAck> breaks) {
    this.breaks = breaks;
  }

  /** What was sent, call by call. */
  List<List<KvFrame>> calls() {
    return calls;
  }

  /** Breaks the latest call. */
  void breakNow() {
    breakLatest.run();
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    List<KvFrame> sent = new CopyOnWriteArrayList<>();
    calls.add(sent);
    int number = calls.size() - 1;
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      private final AtomicBoolean broken = new AtomicBoolean();
      private final AtomicBoolean closed = new AtomicBoolean();

      @Override
      public void start(Listener<R> listener, Metadata headers) {
        breakLatest = this::breakUp;
        super.start(
            new SimpleForwardingClientCallListener<R>(listener) {
              @Override
              public void onMessage(R message) {
                if (broken.get()) {
                  return;
                }
                if (breaks.test(number, (KvAck) message)) {
                  breakUp();
                  // Where the receiver has ended the call, with answers still on their way, the
                  // in-process transport has nothing more to say.
                  closeBroken();
                } else {
                  super.onMessage(message);
                }
              }

              @Override
              public void onReady() {
                if (!broken.get()) {
                  super.onReady();
                }
              }

              @Override
              public void onClose(Status status, Metadata trailers) {
                if (broken.get()) {
                  closeBroken();
                } else {
                  super.onClose(status, trailers);
                }
              }

              private void closeBroken() {
                if (closed.compareAndSet(false, true)) {
                  super.onClose(
                      Status.UNAVAILABLE.withDescription("broken by the test"), new Metadata());
                }
              }
            },
            headers);
      }

      @Override
      public void sendMessage(Q message) {
        sent.add(((OutFrame) message).frame());
        super.sendMessage(message);
      }

      private void breakUp() {
        broken.set(true);
        cancel("broken by the test", null);
      }
    };
  }
}
