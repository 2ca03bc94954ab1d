package dev.andante.kvtransfer;

/**
 * A transfer that did not come about, as its sender sees it. The code is that of the receiver's
 * failure (lower-case {@link dev.andante.engine.EngineException.Code}) or one of the constants
 * here.
 */
public final class KvTransferException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The receiver could not be reached, or the connection was lost. */
  public static final String UNAVAILABLE = "unavailable";

  public static final String DEADLINE_EXCEEDED = "deadline_exceeded";

  /** The receiver made the sender wait and fell silent. */
  public static final String LEASE_EXPIRED = "lease_expired";

  /** Given up by the sender itself. */
  public static final String CANCELLED = "cancelled";

  /** The receiver did not keep to the protocol. */
  public static final String PROTOCOL = "protocol";

  private final String code;
  private final boolean retryable;

  public KvTransferException(String code, String message, boolean retryable) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }

  public KvTransferException(String code, String message, boolean retryable, Throwable cause) {
    super(message, cause);
    this.code = code;
    this.retryable = retryable;
  }

  public String code() {
    return code;
  }

  /** Whether another receiver, or this one later, may succeed. */
  public boolean retryable() {
    return retryable;
  }
}
