package dev.andante.kvtransfer;

/** Counts transfers, for metrics. Called from any thread; must be cheap. */
public interface KvTransferObserver {

  /** Hears nothing. */
  KvTransferObserver NONE = new KvTransferObserver() {};

  default void onCompleted(long nanos, long bytes) {}

  /** A transfer goes on over another connection; once for each time. */
  default void onResumed() {}

  /**
   * @param reason a failure code: few values, usable as a label
   */
  default void onFailed(String reason) {}
}
