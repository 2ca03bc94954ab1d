package dev.andante.kvtransfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import java.time.Duration;

/** The prefill side of transfers. */
public interface KvSender {

  /**
   * Asks a receiver for blocks. Returns at once; nothing should be computed before {@link
   * KvOutbound#granted} or {@link KvOutbound#waiting} completes.
   *
   * @param target {@code host:port} of the receiver
   * @param timeout for the whole transfer; when it passes the transfer fails, whatever its state
   * @param patience how long the receiver may take to find blocks; zero = it refuses at once
   */
  KvOutbound open(
      String target, Attempt attempt, PromptTokens prompt, Duration timeout, Duration patience);

  /** For a sender that does not wait. */
  default KvOutbound open(String target, Attempt attempt, PromptTokens prompt, Duration timeout) {
    return open(target, attempt, prompt, timeout, Duration.ZERO);
  }
}
