package dev.andante.engine.transfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.kvcache.BlockTable;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One reservation. Its first blocks may be shared with others, and are read only then. The engine
 * thread's, but for what arrives: KV may be stored by any thread, up to the moment the reservation
 * is over, which waits for a run that is being stored.
 */
public final class Transfer {

  private final String handle;
  private final Attempt attempt;
  private final PromptTokens prompt;
  private final KvSource source;
  private final BlockTable blocks;
  private final int cachedTokens;
  private final ArrivedRuns arrived;
  private final ReentrantLock lock = new ReentrantLock();

  /** Changes with the lock held, so not while KV is being stored. */
  private volatile TransferState state = TransferState.OPEN;

  private volatile long deadline;

  Transfer(
      String handle,
      Attempt attempt,
      PromptTokens prompt,
      KvSource source,
      BlockTable blocks,
      int cachedTokens,
      int layers) {
    this.handle = handle;
    this.attempt = attempt;
    this.prompt = prompt;
    this.source = source;
    this.blocks = blocks;
    this.cachedTokens = cachedTokens;
    this.arrived = new ArrivedRuns(prompt.ids().length - cachedTokens, layers);
  }

  public String handle() {
    return handle;
  }

  public Attempt attempt() {
    return attempt;
  }

  public PromptTokens prompt() {
    return prompt;
  }

  KvSource source() {
    return source;
  }

  /** Holds blocks in the states RESERVED to COMMITTED. */
  public BlockTable blocks() {
    return blocks;
  }

  /** Leading tokens whose KV was there from the start. */
  public int cachedTokens() {
    return cachedTokens;
  }

  public TransferState state() {
    return state;
  }

  int tokens() {
    return prompt.ids().length;
  }

  /**
   * Stores a run, unless that is not needed any more: all has arrived, or it is of cached tokens.
   * Any thread.
   *
   * @param write into its blocks, which stay its own until that returns
   * @return false if the reservation is over; nothing was written
   */
  boolean store(int firstToken, int tokens, int firstLayer, int layers, Runnable write) {
    lock.lock();
    try {
      if (state.over()) {
        return false;
      }
      if (state == TransferState.COMMITTED || firstToken + tokens <= cachedTokens) {
        return true;
      }
      write.run();
      int first = Math.max(firstToken, cachedTokens);
      arrived.add(first - cachedTokens, firstToken + tokens - first, firstLayer, layers);
      if (state == TransferState.RESERVED) {
        become(TransferState.STREAMING);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Everything has arrived, says the sender.
   *
   * @return the first pair of a token and a layer that is missing, in words; null = none, and it is
   *     committed
   */
  @Nullable String commit() {
    lock.lock();
    try {
      if (arrived.missing() > 0) {
        return arrived.firstMissing(cachedTokens);
      }
      if (state != TransferState.COMMITTED) {
        become(TransferState.COMMITTED);
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  long deadline() {
    return deadline;
  }

  void renew(long until) {
    deadline = until;
  }

  void become(TransferState next) {
    lock.lock();
    try {
      if (!state.canBecome(next)) {
        throw new IllegalStateException("transfer " + state + " cannot become " + next);
      }
      state = next;
    } finally {
      lock.unlock();
    }
  }
}
