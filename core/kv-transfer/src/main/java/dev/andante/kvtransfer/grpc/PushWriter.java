package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.KvTransferException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a transfer has to say on its latest call: one task at a time, while the call is
 * ready. Any thread may ask for that.
 */
final class PushWriter {

  /** Who knows how the transfer stands. Asked and told by the task. */
  interface Transfer {

    boolean isOver();

    void onFault(String fault);

    /** The call ended between the check and the write: its observer is told why. */
    void onEndedWhileWriting(IllegalStateException e);
  }

  private final Transfer transfer;
  private final SendQueue queue;
  private final int promptTokens;
  private final SerialTask task;

  private volatile @Nullable PushCall call;
  private volatile @Nullable KvTransferException failure;
  private volatile long firstSentNanos;
  private volatile boolean beatDue;

  PushWriter(Transfer transfer, SendQueue queue, int promptTokens, Executor executor) {
    this.transfer = transfer;
    this.queue = queue;
    this.promptTokens = promptTokens;
    this.task = new SerialTask(executor, this::write);
  }

  /** That call is the latest from now on. */
  void use(PushCall latest) {
    call = latest;
  }

  boolean uses(PushCall candidate) {
    return candidate.equals(call);
  }

  /** There is, or may be, something to write. */
  void request() {
    task.request();
  }

  /** A heartbeat is due, unless there is nothing left to wait for. */
  void beat() {
    beatDue = true;
    request();
  }

  /** Ends the call. */
  void giveUp(KvTransferException reason) {
    failure = reason;
    PushCall current = call;
    if (current != null) {
      current.unblock();
    }
    request();
  }

  /** When the first run was written; 0 if none was. */
  long firstSentNanos() {
    return firstSentNanos;
  }

  private void write() {
    PushCall current = call;
    if (current == null || !current.started()) {
      return;
    }
    try {
      KvTransferException reason = failure;
      if (reason != null) {
        current.giveUp(reason);
      } else if (current.granted()) {
        writeWhileReady(current);
      }
    } catch (IllegalStateException e) {
      transfer.onEndedWhileWriting(e);
    }
  }

  private void writeWhileReady(PushCall current) {
    if (!current.position(queue)) {
      transfer.onFault("the receiver wants frames again that it had acknowledged");
      return;
    }
    if (beatDue && mayWrite(current) && !current.commitSent()) {
      beatDue = false;
      current.beat();
    }
    while (mayWrite(current)) {
      SendQueue.Taken taken = queue.take();
      if (taken == null) {
        break;
      }
      if (firstSentNanos == 0) {
        firstSentNanos = System.nanoTime();
      }
      try {
        current.data(taken);
      } finally {
        taken.memory().release();
      }
    }
    if (!transfer.isOver() && !current.commitSent() && queue.exhausted()) {
      current.commit(queue.taken(), promptTokens);
    }
  }

  private boolean mayWrite(PushCall current) {
    return !transfer.isOver() && current.ready();
  }
}
