package dev.andante.host.experts;

/** A batch that an expert service did not answer; the message names the service and the reason. */
final class ExpertLinkException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  ExpertLinkException(String message) {
    super(message);
  }
}
