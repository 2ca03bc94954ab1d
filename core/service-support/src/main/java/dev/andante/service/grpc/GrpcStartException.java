package dev.andante.service.grpc;

import java.io.IOException;

/** A port cannot be listened on; the message names the address and the setting to change. */
public class GrpcStartException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * @param setting that the port comes from
   */
  public GrpcStartException(String address, int port, String setting, IOException cause) {
    super(
        "cannot listen on " + address + ":" + port + " (" + setting + "): " + cause.getMessage(),
        cause);
  }
}
