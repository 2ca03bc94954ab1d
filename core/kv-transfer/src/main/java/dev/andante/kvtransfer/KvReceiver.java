package dev.andante.kvtransfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.PromptTokens;

/** The decode side of transfers: checks what comes and stores it in an engine. */
public final class KvReceiver {

  private final Engine engine;
  private final KvFormat format;
  private final KvTransferObserver observer;

  /**
   * @param format of the engine's own KV
   */
  public KvReceiver(Engine engine, KvFormat format, KvTransferObserver observer) {
    this.engine = engine;
    this.format = format;
    this.observer = observer;
  }

  /**
   * Asks the engine for blocks. A mismatch of formats fails the transfer like a refusal of the
   * engine, through {@link KvInbound#reservation}.
   *
   * @param sender format of what will come
   */
  public KvInbound open(Attempt attempt, KvFormat sender, PromptTokens prompt) {
    return new KvInbound(engine, format, observer, attempt, sender, prompt);
  }
}
