package dev.andante.service.grpc;

import io.grpc.CallOptions;

/**
 * By what a request is known to its client, in logs and on every leg.
 *
 * @param requestId as in {@code x-request-id}
 * @param trace as in {@code traceparent}
 */
public record RequestIdentity(String requestId, TraceParent trace) {

  public LogIds logIds() {
    return new LogIds(requestId, trace.traceId());
  }

  /** The options, with which a call carries it. */
  public CallOptions on(CallOptions options) {
    return options
        .withOption(RequestIds.OPTION, requestId)
        .withOption(RequestIds.TRACE_OPTION, trace);
  }

  /**
   * An id for attempts to serve it, in which {@link RequestIds#ofAttempt} finds it again.
   *
   * @param unique where clients reuse theirs
   */
  public String attemptId(String unique) {
    return requestId + RequestIds.ATTEMPT + trace.traceId() + RequestIds.TRACE + unique;
  }
}
