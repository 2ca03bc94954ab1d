package dev.andante.kvtransfer;

import dev.andante.engine.KvView;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One prompt on its way. Ends exactly once: {@link #finished} completes with a receipt, or with a
 * {@link KvTransferException}. Unless it completes with a receipt the receiver keeps nothing.
 *
 * <p><b>Memory.</b> Runs that the link cannot take yet are kept outside the heap. {@link #send}
 * never blocks and never refuses, since the engine thread calls it; what is kept is bounded by the
 * KV of the prompt, which is all that can ever be sent. Who can wait asks {@link #keptAtMost}.
 */
public interface KvOutbound {

  /** Completes when the receiver has set blocks aside, or with why it did not. */
  CompletableFuture<KvGrant> granted();

  /**
   * Completes, with nothing, if the receiver has no room now, and means to grant blocks when it
   * has; perhaps never. KV may be handed over from then on, and is kept here until they are
   * granted.
   */
  CompletableFuture<@Nullable Void> waiting();

  /**
   * Hands over KV of a run of tokens, all layers. Runs come in order, without holes, each within
   * one block. Ignored once the transfer is over, and for tokens the receiver has already.
   *
   * @param kv copied, unless it need not be sent
   */
  void send(int firstToken, int tokens, KvView kv);

  /**
   * Completes when no more than so much of what was handed over is kept here, the receiver having
   * stored the rest; or with why that will not happen. For one who asks again only after that. The
   * receiver says what it has stored per 2 MB or after 5 ms, whichever is first.
   *
   * @param bytes 0 = when the receiver has stored everything
   */
  CompletableFuture<Void> keptAtMost(long bytes);

  /** All runs have been handed over. */
  void commit();

  /** Gives up; no effect once the transfer is over. */
  void cancel(String reason);

  /** Completes when the receiver has everything and said so, or with why that did not happen. */
  CompletableFuture<KvReceipt> finished();
}
