package dev.andante.kvtransfer.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.andante.engine.EngineException;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.protocol.v1.Failure;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionException;

/**
 * Failures of engines and transfers as gRPC statuses and back. The code of a failure on the wire is
 * the lower-case name of {@link EngineException.Code}.
 */
public final class EngineFailures {

  /** Trailer with the serialised {@link Failure}; the same one on every leg of the mesh. */
  private static final Metadata.Key<byte[]> KEY =
      Metadata.Key.of("andante-failure-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private EngineFailures() {}

  /** The status for any failure; what is not a known one becomes INTERNAL. */
  public static StatusRuntimeException toStatus(Throwable error) {
    return switch (unwrap(error)) {
      case StatusRuntimeException status -> status;
      case EngineException e ->
          status(statusOf(e.code()), codeOf(e), describe(e), e.retryable(), e);
      case KvTransferException e ->
          status(statusOf(e.code()), e.code(), describe(e), e.retryable(), e);
      case Throwable other ->
          status(
              Status.Code.INTERNAL,
              codeName(EngineException.Code.INTERNAL),
              "unexpected " + other,
              true,
              other);
    };
  }

  public static String codeOf(EngineException e) {
    return codeName(e.code());
  }

  /** What a call to a KV receiver failed with. */
  static KvTransferException fromStatus(Throwable error, String peer) {
    Status status = Status.fromThrowable(error);
    Optional<Failure> detail = detail(error);
    if (detail.isPresent()) {
      Failure failure = detail.get();
      return new KvTransferException(
          failure.getCode(), failure.getMessage(), failure.getRetryable(), error);
    }
    String code =
        switch (status.getCode()) {
          case CANCELLED -> KvTransferException.CANCELLED;
          case DEADLINE_EXCEEDED -> KvTransferException.DEADLINE_EXCEEDED;
          case UNAVAILABLE -> KvTransferException.UNAVAILABLE;
          default -> KvTransferException.PROTOCOL;
        };
    return new KvTransferException(
        code,
        "KV transfer to " + peer + ": " + status.getCode() + ", " + status.getDescription(),
        status.getCode() != Status.Code.CANCELLED,
        error);
  }

  private static Optional<Failure> detail(Throwable error) {
    Metadata trailers = Status.trailersFromThrowable(error);
    byte[] bytes = trailers == null ? null : trailers.get(KEY);
    if (bytes == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Failure.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      return Optional.empty(); // a peer of another version: the status still says enough
    }
  }

  private static StatusRuntimeException status(
      Status.Code status, String code, String message, boolean retryable, Throwable cause) {
    Metadata trailers = new Metadata();
    trailers.put(
        KEY,
        Failure.newBuilder()
            .setCode(code)
            .setMessage(message)
            .setRetryable(retryable)
            .build()
            .toByteArray());
    return status.toStatus().withDescription(message).withCause(cause).asRuntimeException(trailers);
  }

  private static Status.Code statusOf(String code) {
    for (EngineException.Code known : EngineException.Code.values()) {
      if (codeName(known).equals(code)) {
        return statusOf(known);
      }
    }
    return switch (code) {
      case KvTransferException.CANCELLED -> Status.Code.CANCELLED;
      case KvTransferException.PROTOCOL -> Status.Code.INTERNAL;
      default -> Status.Code.UNAVAILABLE;
    };
  }

  private static Status.Code statusOf(EngineException.Code code) {
    return switch (code) {
      case INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED -> Status.Code.INVALID_ARGUMENT;
      case SATURATED -> Status.Code.RESOURCE_EXHAUSTED;
      case HANDSHAKE_MISMATCH -> Status.Code.FAILED_PRECONDITION;
      case LEASE_EXPIRED, STALE_EPOCH -> Status.Code.ABORTED;
      case UNKNOWN_KV_HANDLE, UNKNOWN_REQUEST -> Status.Code.NOT_FOUND;
      case BAD_FRAME -> Status.Code.DATA_LOSS;
      case DEADLINE_EXCEEDED -> Status.Code.DEADLINE_EXCEEDED;
      case EXPERT_UNAVAILABLE, SHUTTING_DOWN -> Status.Code.UNAVAILABLE;
      case INTERNAL -> Status.Code.INTERNAL;
    };
  }

  private static String codeName(EngineException.Code code) {
    return code.name().toLowerCase(Locale.ROOT);
  }

  private static String describe(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  private static Throwable unwrap(Throwable error) {
    Throwable cause = error.getCause();
    return error instanceof CompletionException && cause != null ? cause : error;
  }
}
