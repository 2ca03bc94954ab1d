package dev.andante.kvtransfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.PromptTokens;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The decode side of transfers: checks what comes and stores it in an engine. Remembers transfers
 * under way, so that a stream can go on with what a broken one began. Any thread.
 */
public final class KvReceiver {

  private static final System.Logger LOG = System.getLogger(KvReceiver.class.getName());

  /** Of memory for decoded runs, beyond those that the engine has not stored. */
  private static final long KEPT_BYTES = 16 << 20;

  private final Engine engine;
  private final KvFormat format;
  private final KvTransferObserver observer;
  private final Payloads decoded = Payloads.offHeap(Payloads.share(KEPT_BYTES));
  private final Map<Attempt, KvInbound> underWay = new ConcurrentHashMap<>();

  /**
   * @param format of the engine's own KV
   */
  public KvReceiver(Engine engine, KvFormat format, KvTransferObserver observer) {
    this.engine = engine;
    this.format = format;
    this.observer = observer;
  }

  /** For a sender that does not wait and sends KV as it is. */
  public KvInbound open(Attempt attempt, KvFormat sender, PromptTokens prompt) {
    return open(attempt, sender, prompt, Duration.ZERO, KvCoding.AS_IS);
  }

  /**
   * Asks the engine for blocks, or takes up a transfer of the same attempt and prompt. A mismatch
   * of formats fails the transfer like a refusal of the engine, through {@link
   * KvInbound#reservation}.
   *
   * @param sender format of what will come
   * @param patience how long it may take to find blocks; zero = refuse at once
   * @param coding of what will come, which the sender has offered
   */
  public KvInbound open(
      Attempt attempt, KvFormat sender, PromptTokens prompt, Duration patience, KvCoding coding) {
    KvInbound earlier = underWay.get(attempt);
    if (earlier != null
        && format.isCompatible(sender)
        && earlier.takeUp(prompt, format, sender, coding)) {
      observer.onResumed();
      LOG.log(
          System.Logger.Level.INFO,
          "KV transfer of {0}, attempt {1}, taken up again; frame {2} is next",
          attempt.requestId(),
          attempt.epoch(),
          Long.toString(earlier.nextSequence()));
      return earlier;
    }
    RunStore runs = new RunStore(engine, coding, decoded);
    KvInbound opened =
        new KvInbound(engine, format, observer, attempt, sender, prompt, patience, runs);
    underWay.put(attempt, opened);
    opened.onOver(() -> underWay.remove(attempt, opened));
    return opened;
  }
}
