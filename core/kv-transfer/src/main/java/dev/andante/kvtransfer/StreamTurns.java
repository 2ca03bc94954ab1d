package dev.andante.kvtransfer;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The streams that carry one transfer, one after the other. A stream that broke may be followed by
 * another one for moments; if it is not, the transfer is over. Thread-safe.
 */
final class StreamTurns {

  /** How long a broken stream may take to come back, if the lease is not shorter. */
  private static final long BREAK_MILLIS = 5_000;

  private final AtomicInteger streams = new AtomicInteger(1);

  /** How many there were; names the latest one. */
  int latest() {
    return streams.get();
  }

  /** Another one carries it from now on. */
  void next() {
    streams.incrementAndGet();
  }

  /** How long blocks are held for a stream that broke. */
  static long patienceMillis(long leaseMillis) {
    return Math.min(leaseMillis, BREAK_MILLIS);
  }

  /**
   * That stream broke. Of no effect if another one has followed it.
   *
   * @param patienceMillis how long another one may take to follow; 0 if none may
   * @param giveUp called when none has
   */
  void broken(int stream, long patienceMillis, Runnable giveUp) {
    if (stream != latest()) {
      return;
    }
    if (patienceMillis == 0) {
      giveUp.run();
      return;
    }
    Later.run(
        patienceMillis,
        () -> {
          if (stream == latest()) {
            giveUp.run();
          }
        });
  }
}
