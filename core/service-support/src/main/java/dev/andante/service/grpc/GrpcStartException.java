package dev.andante.service.grpc;

/** The gRPC server cannot start; the message names the address and the setting to change. */
public class GrpcStartException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public GrpcStartException(String message, Throwable cause) {
    super(message, cause);
  }
}
