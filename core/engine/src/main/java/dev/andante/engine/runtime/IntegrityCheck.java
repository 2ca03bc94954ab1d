package dev.andante.engine.runtime;

import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.transfer.Transfer;
import dev.andante.engine.transfer.TransferState;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** Compares what requests and reservations hold with what the block pool has handed out. */
final class IntegrityCheck {

  private IntegrityCheck() {}

  /**
   * @throws IllegalStateException describing the first inconsistency
   */
  static void check(
      BlockPool blocks,
      int blockSize,
      Scheduler scheduler,
      Collection<Transfer> transfers,
      Collection<Request> active) {
    int[] owned = new int[blocks.total()];
    Set<Request> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    scheduler.forEach(
        request -> {
          require(seen.add(request), request.attempt() + " is queued twice");
          require(!request.state().over(), request.attempt() + " is over and still queued");
          require(request.pending() >= 1, request.attempt() + " has nothing to compute");
          require(
              request.state() != RequestState.PREEMPTED || request.blocks().size() == 0,
              request.attempt() + " is preempted and holds blocks");
          table(request.attempt().toString(), request.blocks(), request.computed(), blockSize);
          request.blocks().countInto(owned);
        });
    for (Request request : active) {
      require(seen.remove(request), request.attempt() + " is active and in no queue");
    }
    require(seen.isEmpty(), "a request is queued and not active");
    for (Transfer transfer : transfers) {
      TransferState state = transfer.state();
      require(!state.over() && state != TransferState.OPEN, "transfer " + state + " is listed");
      table(
          "reservation of " + transfer.attempt(),
          transfer.blocks(),
          transfer.prompt().ids().length + 1,
          blockSize);
      transfer.blocks().countInto(owned);
    }
    blocks.checkIntegrity(owned);
    scheduler.forEach(
        request ->
            writable(
                request.attempt().toString(),
                request.blocks(),
                request.computed() / blockSize,
                blocks));
    for (Transfer transfer : transfers) {
      writable(
          "reservation of " + transfer.attempt(),
          transfer.blocks(),
          transfer.cachedTokens() / blockSize,
          blocks);
    }
  }

  /** What will be written to must be nobody else's, now or later. */
  private static void writable(String owner, BlockTable table, int from, BlockPool blocks) {
    for (int i = from; i < table.size(); i++) {
      int block = table.block(i);
      require(
          blocks.references(block) == 1 && !blocks.named(block),
          owner + " may write to block " + block + ", which others read");
    }
  }

  private static void table(String owner, BlockTable table, int tokens, int blockSize) {
    require(
        (long) table.size() * blockSize >= tokens,
        owner + ": " + table.size() + " blocks for " + tokens + " tokens");
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }
}
