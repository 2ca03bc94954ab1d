package dev.andante.standalone;

import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;

/**
 * Where the expert role listens: asked for by the thread that loads the shared model, which starts
 * before the role does.
 */
final class ExpertAddress {

  private final CompletableFuture<String> address = new CompletableFuture<>();

  void is(String hostAndPort) {
    address.complete(hostAndPort);
  }

  /** The role will not start; no effect if it has. */
  void giveUp() {
    address.cancel(false);
  }

  /**
   * Waits until the role listens.
   *
   * @throws CancellationException if it never will
   */
  List<String> await() {
    return List.of(address.join());
  }
}
