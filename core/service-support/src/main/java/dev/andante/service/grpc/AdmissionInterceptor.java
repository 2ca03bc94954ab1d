package dev.andante.service.grpc;

import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Turns new calls away while the process drains and counts the others, so that a drain can wait for
 * them. Questions about the process, and what helps it to stop, are answered all the same, and
 * streams that live as long as their client are not counted: those are for {@link
 * dev.andante.service.state.LongStreams}.
 */
public final class AdmissionInterceptor implements ServerInterceptor {

  private final ServiceState state;
  private final InFlight inFlight;
  private final Set<String> always;
  private final Set<String> uncounted;

  /**
   * @param always services, and single methods by their full names, whose calls pass whatever the
   *     state
   * @param uncounted services whose calls a drain does not wait for
   */
  public AdmissionInterceptor(
      ServiceState state, InFlight inFlight, Set<String> always, Set<String> uncounted) {
    this.state = state;
    this.inFlight = inFlight;
    this.always = Set.copyOf(always);
    this.uncounted = Set.copyOf(uncounted);
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String service = call.getMethodDescriptor().getServiceName();
    if ((service != null && always.contains(service))
        || always.contains(call.getMethodDescriptor().getFullMethodName())) {
      return next.startCall(call, headers);
    }
    if (state.draining()) {
      StatusRuntimeException refusal =
          Failures.of(
              Status.Code.UNAVAILABLE, "draining", "this worker is stopping; use another", true);
      Metadata trailers = refusal.getTrailers();
      call.close(refusal.getStatus(), trailers == null ? new Metadata() : trailers);
      return new ServerCall.Listener<>() {};
    }
    if (service != null && uncounted.contains(service)) {
      return next.startCall(call, headers);
    }
    inFlight.begin();
    AtomicBoolean ended = new AtomicBoolean();
    try {
      return new Counted<>(next.startCall(call, headers), ended);
    } catch (RuntimeException | Error e) {
      end(ended);
      throw e;
    }
  }

  private void end(AtomicBoolean ended) {
    if (ended.compareAndSet(false, true)) {
      inFlight.end();
    }
  }

  private final class Counted<Q> extends SimpleForwardingServerCallListener<Q> {
    private final AtomicBoolean ended;

    Counted(ServerCall.Listener<Q> delegate, AtomicBoolean ended) {
      super(delegate);
      this.ended = ended;
    }

    @Override
    public void onCancel() {
      try {
        super.onCancel();
      } finally {
        end(ended);
      }
    }

    @Override
    public void onComplete() {
      try {
        super.onComplete();
      } finally {
        end(ended);
      }
    }
  }
}
