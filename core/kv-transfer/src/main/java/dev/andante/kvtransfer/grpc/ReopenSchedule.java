package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.KvTransferException;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;

/** When a transfer whose call was lost is tried over another one. Thread-safe. */
final class ReopenSchedule {

  /** After 0.1, 0.2, … seconds: 3.1 in all, less than receivers wait. */
  private static final int MAX_REOPENS = 5;

  private static final long FIRST_PAUSE_MILLIS = 100;

  private final AtomicInteger reopens = new AtomicInteger();

  /** How long to wait before the next call; empty if it is not worth one, or not any more. */
  OptionalLong pauseAfter(KvTransferException reason) {
    int tries = reopens.get();
    if (!isOfTheConnection(reason) || tries >= MAX_REOPENS) {
      return OptionalLong.empty();
    }
    reopens.incrementAndGet();
    return OptionalLong.of(FIRST_PAUSE_MILLIS << tries);
  }

  /** Whether the connection, and not the receiver, ended the call. */
  private static boolean isOfTheConnection(KvTransferException reason) {
    return reason.code().equals(KvTransferException.UNAVAILABLE)
        || reason.code().equals(KvTransferException.PROTOCOL);
  }
}
