package dev.andante.kvtransfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import java.util.Locale;
import java.util.concurrent.CompletionException;

/** Why transfers end, in words and as labels. */
final class TransferFailures {

  private TransferFailures() {}

  /** The sender, or the link, did what the protocol does not allow. */
  static EngineException badFrame(Attempt attempt, String fault) {
    return new EngineException(
        Code.BAD_FRAME, "transfer of " + attempt.requestId() + ": " + fault + "; send it again");
  }

  static EngineException cancelled(Attempt attempt, String reason) {
    return new EngineException(
        Code.BAD_FRAME, "the transfer of " + attempt.requestId() + " ended: " + reason);
  }

  static EngineException silent(long silentMillis, long leaseMillis) {
    return new EngineException(
        Code.LEASE_EXPIRED,
        "no frame for " + silentMillis + " ms; the lease is " + leaseMillis + " ms");
  }

  /** What a future of the engine failed with. */
  static EngineException reasonOf(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    return cause instanceof EngineException known
        ? known
        : new EngineException(Code.INTERNAL, "KV could not be stored: " + cause, cause);
  }

  /** As {@link KvTransferObserver#onFailed} takes it. */
  static String label(EngineException reason) {
    return reason.code().name().toLowerCase(Locale.ROOT);
  }
}
