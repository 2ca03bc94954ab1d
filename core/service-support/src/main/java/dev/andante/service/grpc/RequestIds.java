package dev.andante.service.grpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingClientCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Carries request id and trace over every leg, so that one grep finds a request in all logs: call
 * option or {@link #CONTEXT} → header {@code x-request-id} → {@link #CONTEXT} and {@link LogIds} of
 * the handler; likewise the trace in the header {@code traceparent}.
 */
public final class RequestIds {

  public static final Metadata.Key<String> HEADER =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
  public static final Context.Key<String> CONTEXT = Context.key("andante-request-id");

  /**
   * Set by a client that serves many requests on one thread; otherwise the context's id travels.
   */
  public static final CallOptions.Key<String> OPTION = CallOptions.Key.create("andante-request-id");

  public static final Metadata.Key<String> TRACE_HEADER =
      Metadata.Key.of(TraceParent.HEADER, Metadata.ASCII_STRING_MARSHALLER);
  public static final Context.Key<TraceParent> TRACE_CONTEXT = Context.key("andante-trace");
  public static final CallOptions.Key<TraceParent> TRACE_OPTION =
      CallOptions.Key.create("andante-trace");

  /** Stands between the request's id and the attempt's own part in the id of an attempt. */
  static final char ATTEMPT = '~';

  /** Ends the trace's id where the attempt's own part begins with one. */
  static final char TRACE = '.';

  private static final Pattern TRACE_ID = Pattern.compile("[0-9a-f]{32}");

  private RequestIds() {}

  /**
   * The ids for the logs of an attempt to serve a request: those that came with the call, else
   * those in the attempt's. A request may ask for several answers, each with attempts of its own;
   * they all speak under the id that the client knows.
   */
  public static LogIds forLogs(String attemptId) {
    LogIds attempt = ofAttempt(attemptId);
    String id = CONTEXT.get();
    TraceParent trace = TRACE_CONTEXT.get();
    return new LogIds(
        id != null ? id : attempt.requestId(), trace != null ? trace.traceId() : attempt.traceId());
  }

  /**
   * The ids that an attempt's id holds: all there is of a request on streams that serve many.
   *
   * @see RequestIdentity#attemptId
   */
  public static LogIds ofAttempt(String attemptId) {
    int end = attemptId.lastIndexOf(ATTEMPT);
    if (end < 0) {
      return new LogIds(attemptId, null);
    }
    int dot = attemptId.indexOf(TRACE, end);
    String trace = dot < 0 ? "" : attemptId.substring(end + 1, dot);
    return new LogIds(
        attemptId.substring(0, end), TRACE_ID.matcher(trace).matches() ? trace : null);
  }

  /** Sends what there is of both. */
  public static final class Client implements ClientInterceptor {
    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(
        MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
      String id = either(options.getOption(OPTION), CONTEXT.get());
      TraceParent trace = either(options.getOption(TRACE_OPTION), TRACE_CONTEXT.get());
      ClientCall<Q, R> call = next.newCall(method, options);
      if (id == null && trace == null) {
        return call;
      }
      return new ForwardingClientCall.SimpleForwardingClientCall<>(call) {
        @Override
        public void start(Listener<R> listener, Metadata headers) {
          if (id != null) {
            headers.put(HEADER, id);
          }
          if (trace != null) {
            headers.put(TRACE_HEADER, trace.header());
          }
          super.start(listener, headers);
        }
      };
    }

    private static <T> @Nullable T either(@Nullable T option, @Nullable T context) {
      return option != null ? option : context;
    }
  }

  /** Receives what there is of both. */
  public static final class Server implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      String id = headers.get(HEADER);
      String sent = headers.get(TRACE_HEADER);
      TraceParent trace = sent == null ? null : TraceParent.parse(sent).orElse(null);
      if (id == null && trace == null) {
        return next.startCall(call, headers);
      }
      Context context = Context.current().withValues(CONTEXT, id, TRACE_CONTEXT, trace);
      return new Logged<>(
          Contexts.interceptCall(context, call, headers, next),
          new LogIds(id, trace == null ? null : trace.traceId()));
    }
  }

  private static final class Logged<Q>
      extends ForwardingServerCallListener.SimpleForwardingServerCallListener<Q> {
    private final LogIds ids;

    Logged(ServerCall.Listener<Q> delegate, LogIds ids) {
      super(delegate);
      this.ids = ids;
    }

    @Override
    public void onMessage(Q message) {
      ids.run(() -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      ids.run(super::onHalfClose);
    }

    @Override
    public void onCancel() {
      ids.run(super::onCancel);
    }

    @Override
    public void onComplete() {
      ids.run(super::onComplete);
    }

    @Override
    public void onReady() {
      ids.run(super::onReady);
    }
  }
}
