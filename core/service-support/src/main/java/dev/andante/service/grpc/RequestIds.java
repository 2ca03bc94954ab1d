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
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Carries the request id over every leg, so that one grep finds a request in all logs: call option
 * or {@link #CONTEXT} → header {@code x-request-id} → {@link #CONTEXT} and MDC key {@value
 * #MDC_KEY} of the handler.
 */
public final class RequestIds {

  public static final String MDC_KEY = "request_id";
  public static final Metadata.Key<String> HEADER =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
  public static final Context.Key<String> CONTEXT = Context.key("andante-request-id");

  /**
   * Set by a client that serves many requests on one thread; otherwise the context's id travels.
   */
  public static final CallOptions.Key<String> OPTION = CallOptions.Key.create("andante-request-id");

  /** Stands between the request's id and the answer's own part in the id of an attempt. */
  private static final char ANSWER = '~';

  private RequestIds() {}

  /**
   * The id for the logs of an attempt to serve a request: the one that came with the call, else the
   * request's part of the attempt's. A request may ask for several answers, each with attempts of
   * its own; they all speak under the id that the client knows.
   */
  public static String forLogs(String attemptId) {
    String id = CONTEXT.get();
    return id != null ? id : ofAttempt(attemptId);
  }

  /** The request's part of an attempt's id. */
  public static String ofAttempt(String attemptId) {
    int end = attemptId.lastIndexOf(ANSWER);
    return end < 0 ? attemptId : attemptId.substring(0, end);
  }

  /** Runs {@code body} with the id in the logs of this thread. */
  public static void logged(@Nullable String id, Runnable body) {
    if (id == null) {
      body.run();
      return;
    }
    MDC.put(MDC_KEY, id);
    try {
      body.run();
    } finally {
      MDC.remove(MDC_KEY);
    }
  }

  /** Sends the id. */
  public static final class Client implements ClientInterceptor {
    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(
        MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
      String option = options.getOption(OPTION);
      String id = option != null ? option : CONTEXT.get();
      ClientCall<Q, R> call = next.newCall(method, options);
      if (id == null) {
        return call;
      }
      return new ForwardingClientCall.SimpleForwardingClientCall<>(call) {
        @Override
        public void start(Listener<R> listener, Metadata headers) {
          headers.put(HEADER, id);
          super.start(listener, headers);
        }
      };
    }
  }

  /** Receives the id. */
  public static final class Server implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      String id = headers.get(HEADER);
      if (id == null) {
        return next.startCall(call, headers);
      }
      Context context = Context.current().withValue(CONTEXT, id);
      return new Logged<>(Contexts.interceptCall(context, call, headers, next), id);
    }
  }

  private static final class Logged<Q>
      extends ForwardingServerCallListener.SimpleForwardingServerCallListener<Q> {
    private final String id;

    Logged(ServerCall.Listener<Q> delegate, String id) {
      super(delegate);
      this.id = id;
    }

    @Override
    public void onMessage(Q message) {
      logged(id, () -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      logged(id, super::onHalfClose);
    }

    @Override
    public void onCancel() {
      logged(id, super::onCancel);
    }

    @Override
    public void onComplete() {
      logged(id, super::onComplete);
    }

    @Override
    public void onReady() {
      logged(id, super::onReady);
    }
  }
}
