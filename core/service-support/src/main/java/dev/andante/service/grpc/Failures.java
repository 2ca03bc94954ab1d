package dev.andante.service.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.andante.protocol.v1.Failure;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Optional;

/**
 * Failures on the wire: a gRPC status for machines that know no more, and a {@link Failure} in its
 * trailers for ours.
 */
public final class Failures {

  /** Trailer that carries the serialised {@link Failure}. */
  public static final Metadata.Key<byte[]> KEY =
      Metadata.Key.of("andante-failure-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private Failures() {}

  public static StatusRuntimeException of(Status.Code status, Failure failure) {
    Metadata trailers = new Metadata();
    trailers.put(KEY, failure.toByteArray());
    return status.toStatus().withDescription(failure.getMessage()).asRuntimeException(trailers);
  }

  /**
   * @param code stable and machine-readable, lower_snake_case
   */
  public static StatusRuntimeException of(
      Status.Code status, String code, String message, boolean retryable) {
    return of(
        status,
        Failure.newBuilder().setCode(code).setMessage(message).setRetryable(retryable).build());
  }

  public static StatusRuntimeException invalid(String param, String message) {
    return of(
        Status.Code.INVALID_ARGUMENT,
        Failure.newBuilder()
            .setCode("invalid_request")
            .setMessage(message)
            .setParam(param)
            .build());
  }

  /** The failure that a call ended with; where the peer gave no detail, one made of the status. */
  public static Failure from(Throwable error) {
    return detail(error)
        .orElseGet(
            () -> {
              Status status = Status.fromThrowable(error);
              String description = status.getDescription();
              return Failure.newBuilder()
                  .setCode(status.getCode().name().toLowerCase(java.util.Locale.ROOT))
                  .setMessage(description == null ? status.getCode().name() : description)
                  .setRetryable(
                      status.getCode() == Status.Code.UNAVAILABLE
                          || status.getCode() == Status.Code.RESOURCE_EXHAUSTED)
                  .build();
            });
  }

  /**
   * A failed call in one line for an operator: code, description and, where a connection broke,
   * what broke it.
   */
  public static String describe(Throwable error) {
    Status status = Status.fromThrowable(error);
    StringBuilder line = new StringBuilder(status.getCode().name());
    if (status.getDescription() != null) {
      line.append(": ").append(status.getDescription());
    }
    Throwable cause = status.getCause();
    if (cause != null && detail(error).isEmpty()) {
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      line.append(": ").append(cause.getMessage() == null ? cause : cause.getMessage());
    }
    return line.toString().replaceAll("\\s+", " ").strip();
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
}
