package dev.andante.kvtransfer.grpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Says when a server has noticed that a call of it broke, or has ended it. */
final class CancelWatch implements ServerInterceptor {

  private final CountDownLatch noticed = new CountDownLatch(1);

  /** Waits for the first one, at most ten seconds. */
  boolean await() throws InterruptedException {
    return noticed.await(10, TimeUnit.SECONDS);
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      @Override
      public void onCancel() {
        super.onCancel();
        noticed.countDown();
      }

      @Override
      public void onComplete() {
        super.onComplete();
        noticed.countDown();
      }
    };
  }
}
