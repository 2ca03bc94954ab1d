package dev.andante.engine;

/**
 * A request or transfer that the engine could not serve. The code is stable; the message says what
 * to do.
 */
public class EngineException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** What went wrong; the lower-case name is the code on the wire. */
  public enum Code {
    /** Bad input; the same request would fail again. */
    INVALID_REQUEST,
    /** The prompt and one more token do not fit the context, or the whole pool. */
    CONTEXT_LENGTH_EXCEEDED,
    /** No blocks, or the waiting queue is full; later may work. */
    SATURATED,
    /** Model fingerprint, dtype, layout or block size of a peer differ. */
    HANDSHAKE_MISMATCH,
    /** The reservation ran out before it was used. */
    LEASE_EXPIRED,
    /** No such reservation: released, expired, or never made. */
    UNKNOWN_KV_HANDLE,
    /** No such answer under way, or its KV is not here at this time. */
    UNKNOWN_REQUEST,
    /** A frame out of order, corrupt or outside the reservation. */
    BAD_FRAME,
    /** A newer attempt of the same request took over. */
    STALE_EPOCH,
    /** A deadline passed. */
    DEADLINE_EXCEEDED,
    /** An expert shard could not be reached. */
    EXPERT_UNAVAILABLE,
    /** The engine is stopping. */
    SHUTTING_DOWN,
    /** A defect or a lost device. */
    INTERNAL
  }

  private final Code code;

  public EngineException(Code code, String message) {
    super(message);
    this.code = code;
  }

  public EngineException(Code code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  public Code code() {
    return code;
  }

  /** Whether another worker, or this one later, may succeed. */
  public boolean retryable() {
    return switch (code) {
      case INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED, STALE_EPOCH -> false;
      default -> true;
    };
  }
}
