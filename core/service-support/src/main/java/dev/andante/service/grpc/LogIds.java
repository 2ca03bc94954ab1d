package dev.andante.service.grpc;

import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * What the lines that a request leaves in the logs are found by.
 *
 * @param requestId what the client calls it; null = unknown
 * @param traceId of the trace it belongs to; null = unknown
 */
public record LogIds(@Nullable String requestId, @Nullable String traceId) {

  public static final String REQUEST_KEY = "request_id";
  public static final String TRACE_KEY = "trace_id";

  /** Runs {@code body} with the ids in the logs of this thread. */
  public void run(Runnable body) {
    put(REQUEST_KEY, requestId);
    put(TRACE_KEY, traceId);
    try {
      body.run();
    } finally {
      MDC.remove(REQUEST_KEY);
      MDC.remove(TRACE_KEY);
    }
  }

  private static void put(String key, @Nullable String value) {
    if (value != null) {
      MDC.put(key, value);
    }
  }
}
