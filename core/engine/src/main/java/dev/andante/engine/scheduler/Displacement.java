package dev.andante.engine.scheduler;

import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import org.jspecify.annotations.Nullable;

/**
 * Lets requests in that outrank others who run or hold blocks, before a step is planned.
 *
 * <ul>
 *   <li>Who loses its place keeps its blocks: going on costs nothing.
 *   <li>Blocks are taken only from requests that have gained a token since they started. So each
 *       time something has to be computed again, a token is there that was not: no order, however
 *       it changes, makes requests take turns at each other's expense without end.
 *   <li>Whoever could not be computed in this step for want of budget does not push in.
 * </ul>
 */
final class Displacement {

  private final Queues queues;
  private final PrefixCache cache;
  private final int maxBatchTokens;
  private final int maxSequences;

  Displacement(Queues queues, PrefixCache cache, int maxBatchTokens, int maxSequences) {
    this.queues = queues;
    this.cache = cache;
    this.maxBatchTokens = maxBatchTokens;
    this.maxSequences = maxSequences;
  }

  void run(StepDraft draft) {
    while (!queues.running().isEmpty() && Queues.held(queues.running().last())) {
      queues.pause(queues.running().last());
    }
    @Nullable Request contender = queues.firstContender();
    while (contender != null
        && !draft.wasPreempted(contender)
        && outranksAny(contender)
        && inBudget(contender)
        && letIn(contender, draft)) {
      contender = queues.firstContender();
    }
  }

  private boolean outranksAny(Request contender) {
    return (!queues.running().isEmpty() || !queues.ready().isEmpty())
        && outranks(contender, queues.lastHolder());
  }

  /** Whether those who go before it leave rows. */
  private boolean inBudget(Request contender) {
    if (contender.decoding()) {
      return true;
    }
    long[] claimed = {0};
    queues
        .running()
        .forEach(
            request -> {
              if (request.decoding() || !outranks(contender, request)) {
                claimed[0] += request.pending();
              }
            });
    return claimed[0] < maxBatchTokens;
  }

  private boolean letIn(Request contender, StepDraft draft) {
    if (isFull() && !outranks(contender, queues.running().last())) {
      return false;
    }
    if (contender.blocks().size() == 0 && !takeBlocks(contender, draft)) {
      return false;
    }
    if (isFull()) {
      queues.pause(queues.running().last());
    }
    queues.start(contender);
    return true;
  }

  /** What was taken in vain stays free for the contender, who is the first in order. */
  private boolean takeBlocks(Request contender, StepDraft draft) {
    int cached = open(contender);
    while (cached == PrefixCache.NO_ROOM) {
      @Nullable Request victim = victim(contender);
      if (victim == null) {
        return false;
      }
      queues.preempt(victim);
      draft.preempted(victim);
      cached = open(contender);
    }
    contender.computed(cached);
    draft.admitted(contender, cached);
    return true;
  }

  private int open(Request contender) {
    return cache.open(
        contender.blocks(), contender.tokens(), contender.size(), queues.running().size());
  }

  /** The last in order that may lose its blocks to the contender. */
  private @Nullable Request victim(Request contender) {
    Request[] last = {null};
    queues.ready().forEach(request -> last[0] = mayLose(request, contender) ? request : last[0]);
    @Nullable Request ready = last[0];
    last[0] = null;
    queues.running().forEach(request -> last[0] = mayLose(request, contender) ? request : last[0]);
    @Nullable Request running = last[0];
    if (ready == null || running == null) {
      return ready == null ? running : ready;
    }
    return ready.standing().compareTo(running.standing()) > 0 ? ready : running;
  }

  private static boolean mayLose(Request request, Request contender) {
    return outranks(contender, request) && request.size() > request.standing().sizeAtStart();
  }

  private boolean isFull() {
    return queues.running().size() >= maxSequences;
  }

  private static boolean outranks(Request one, Request other) {
    return one.standing().outranks(other.standing());
  }
}
