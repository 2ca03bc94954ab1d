package dev.andante.kvtransfer;

/** Counts transfers, for metrics. Called from any thread; must be cheap. */
public interface KvTransferObserver {

  /** Hears nothing. */
  KvTransferObserver NONE = new KvTransferObserver() {};

  /**
   * @param bytes of KV that were sent, as coded
   * @param spared tokens whose KV was not, since the receiver had it
   */
  default void onCompleted(long nanos, long bytes, int spared) {}

  /** A transfer goes on over another connection; once for each time. */
  default void onResumed() {}

  /** A link that was offered could not be had, or was lost, and KV goes over gRPC. */
  default void onLinkFailed() {}

  /**
   * @param reason a failure code: few values, usable as a label
   */
  default void onFailed(String reason) {}
}
