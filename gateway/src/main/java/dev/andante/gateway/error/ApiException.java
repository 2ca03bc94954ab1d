package dev.andante.gateway.error;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A failure as an OpenAI error object with its HTTP status. Made for every refused request, so it
 * carries no stack trace; the cause, where there is one, has its own.
 */
public final class ApiException extends RuntimeException {

  /** As proxies count requests whose client left. */
  public static final int CLIENT_CLOSED = 499;

  private static final long serialVersionUID = 1L;

  private final int status;
  private final String type;
  private final @Nullable String param;
  private final @Nullable String code;
  private final @Nullable Duration retryAfter;
  private final @Nullable DropReason dropReason;

  private ApiException(
      int status,
      String type,
      String message,
      @Nullable String param,
      @Nullable String code,
      @Nullable Duration retryAfter,
      @Nullable DropReason dropReason,
      @Nullable Throwable cause) {
    super(message, cause, false, false);
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
    this.retryAfter = retryAfter;
    this.dropReason = dropReason;
  }

  /** 400: the request can never succeed as it is. */
  public static ApiException badRequest(@Nullable String param, String message) {
    return invalid(400, param, null, message);
  }

  /** Another 4xx, or a 400 with a code. */
  public static ApiException invalid(
      int status, @Nullable String param, @Nullable String code, String message) {
    return new ApiException(
        status, "invalid_request_error", message, param, code, null, null, null);
  }

  public static ApiException unauthorized(String message) {
    return new ApiException(
        401, "authentication_error", message, null, "invalid_api_key", null, null, null);
  }

  public static ApiException unknownModel(String model) {
    return invalid(
        404,
        "model",
        "model_not_found",
        "The model '" + model + "' does not exist; GET /v1/models lists those that are served.");
  }

  /** 429: try again after {@code retryAfter}. */
  public static ApiException saturated(DropReason reason, Duration retryAfter, String message) {
    return new ApiException(
        429,
        "rate_limit_error",
        message,
        null,
        switch (reason) {
          case TTL_EXPIRED -> "queue_timeout";
          case PREDICTED_LATE -> "predicted_late";
          case PREDICTED_SLOW -> "predicted_slow";
          default -> "saturated";
        },
        retryAfter,
        reason,
        null);
  }

  /** 503: nobody is there to serve it. */
  public static ApiException unavailable(String message) {
    return new ApiException(
        503,
        "server_error",
        message,
        null,
        "no_workers",
        Duration.ofSeconds(1),
        DropReason.NO_ENDPOINTS,
        null);
  }

  public static ApiException deadline(String message) {
    return server(504, "deadline_exceeded", message, null);
  }

  /** The deadline passed while the request still waited for its turn. */
  public static ApiException expired(Duration retryAfter, String message) {
    return new ApiException(
        504,
        "server_error",
        message,
        null,
        "deadline_exceeded",
        retryAfter,
        DropReason.TTL_EXPIRED,
        null);
  }

  /** The client left before it had sent its request; nobody will read this. */
  public static ApiException clientClosed() {
    return invalid(
        CLIENT_CLOSED, null, "client_closed_request", "The client closed the connection.");
  }

  /** A 5xx. */
  public static ApiException server(
      int status, String code, String message, @Nullable Throwable cause) {
    return new ApiException(status, "server_error", message, null, code, null, null, cause);
  }

  public int status() {
    return status;
  }

  public String type() {
    return type;
  }

  public @Nullable String param() {
    return param;
  }

  public @Nullable String code() {
    return code;
  }

  public @Nullable Duration retryAfter() {
    return retryAfter;
  }

  public @Nullable DropReason dropReason() {
    return dropReason;
  }

  public String text() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
