package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.protocol.v1.Failure;
import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Set;

/** What a failed call to a worker means for the request. */
final class MeshFailures {

  /** Codes of {@link Failure}. */
  private static final Set<String> AT_THE_DOOR = Set.of("not_ready", "draining", "shutting_down");

  private MeshFailures() {}

  /** The worker is full: the same request will do later. */
  static boolean full(Throwable error) {
    return code(error) == Status.Code.RESOURCE_EXHAUSTED
        && answered(error)
        && Failures.from(error).getRetryable();
  }

  /** The worker did nothing for it, and said so: it is full, or stops, or has only just begun. */
  static boolean turnedAway(Throwable error) {
    return full(error) || (answered(error) && AT_THE_DOOR.contains(Failures.from(error).getCode()));
  }

  /** Another worker, or the same one later, may succeed. */
  static boolean retryable(Throwable error) {
    if (answered(error)) {
      return Failures.from(error).getRetryable();
    }
    return switch (code(error)) { // as broken connections look, from either end
      case UNAVAILABLE, CANCELLED, INTERNAL, UNKNOWN -> error instanceof StatusRuntimeException;
      default -> false;
    };
  }

  /** Whether the callee broke the call off: its own fault, whoever it talked to. */
  static boolean brokenOff(Throwable error) {
    return !answered(error) && retryable(error);
  }

  /** Whether the callee is at fault if it talks to nobody else: it broke off, or has a defect. */
  static boolean defect(Throwable error) {
    return answered(error) ? code(error) == Status.Code.INTERNAL : brokenOff(error);
  }

  /** Whether the callee itself answered, so that the fault may lie with the peer it talked to. */
  static boolean answered(Throwable error) {
    var trailers = Status.trailersFromThrowable(error);
    return trailers != null && trailers.containsKey(Failures.KEY);
  }

  static ApiException toApi(Throwable error, Duration retryAfter) {
    if (error instanceof ApiException api) {
      return api;
    }
    Failure failure = Failures.from(error);
    if (full(error)) {
      return ApiException.saturated(
          DropReason.SATURATED, retryAfter, "All workers are full: " + failure.getMessage());
    }
    return switch (code(error)) {
      case INVALID_ARGUMENT, OUT_OF_RANGE ->
          ApiException.invalid(
              400,
              failure.getParam().isEmpty() ? null : failure.getParam(),
              failure.getCode(),
              failure.getMessage());
      case DEADLINE_EXCEEDED ->
          ApiException.deadline("The answer was not finished before the request's deadline.");
      default ->
          ApiException.server(
              502,
              failure.getCode(),
              "A worker failed: " + failure.getMessage(),
              error instanceof StatusRuntimeException ? null : error);
    };
  }

  private static Status.Code code(Throwable error) {
    return Status.fromThrowable(error).getCode();
  }
}
