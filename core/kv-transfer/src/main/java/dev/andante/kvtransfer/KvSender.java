package dev.andante.kvtransfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import java.time.Duration;

/** The prefill side of transfers. */
public interface KvSender {

  /**
   * Asks a receiver for blocks. Returns at once; nothing should be computed before {@link
   * KvOutbound#granted} completes.
   *
   * @param target {@code host:port} of the receiver
   * @param timeout for the whole transfer; when it passes the transfer fails, whatever its state
   */
  KvOutbound open(String target, Attempt attempt, PromptTokens prompt, Duration timeout);
}
