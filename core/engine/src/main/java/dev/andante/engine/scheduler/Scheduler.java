package dev.andante.engine.scheduler;

import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Queues of requests and the decision who runs.
 *
 * <ul>
 *   <li>A request is admitted with blocks for all tokens it has, so a half-done prompt never lacks
 *       blocks and only decodes can run out.
 *   <li>A decode without a block takes those of the latest-arrived request after it; the last of
 *       all gives up its own. The victim's tokens stay and are recomputed, so the oldest request
 *       always advances.
 *   <li>Requests whose KV came from elsewhere hold blocks already and join before anyone new.
 *   <li>Blocks that begin like the request's tokens are shared, so that only the rest is computed.
 * </ul>
 */
public final class Scheduler {

  private final PrefixCache cache;
  private final int maxBatchTokens;
  private final int maxSequences;
  private final int maxLogitRows;
  private final ArrivalQueue waiting = new ArrivalQueue();
  private final ArrivalQueue joining = new ArrivalQueue();
  private final ArrivalQueue running = new ArrivalQueue();

  /**
   * @param cache gives the blocks to requests that start
   * @param maxLogitRows rows of one step whose logits may be wanted, at least maxSequences
   */
  public Scheduler(PrefixCache cache, int maxBatchTokens, int maxSequences, int maxLogitRows) {
    this.cache = cache;
    this.maxBatchTokens = maxBatchTokens;
    this.maxSequences = maxSequences;
    this.maxLogitRows = maxLogitRows;
  }

  /** A request whose tokens are all to be computed. */
  public void add(Request request) {
    waiting.add(request);
  }

  /** A request that brings its KV and blocks along. */
  public void join(Request request) {
    joining.add(request);
  }

  public int waiting() {
    return waiting.size() + joining.size();
  }

  public int running() {
    return running.size();
  }

  public boolean hasWork() {
    return running.size() + waiting() > 0;
  }

  /** Every request held, running ones first. */
  public void forEach(Consumer<Request> action) {
    running.forEach(action);
    joining.forEach(action);
    waiting.forEach(action);
  }

  /** The running requests in order of arrival. */
  public List<Request> runningRequests() {
    return running.asList();
  }

  /** Blocks that are not free to give away: those the next in line and the running ones need. */
  public int spokenFor() {
    return headroom() + (waiting.isEmpty() ? 0 : need(waiting.first()));
  }

  /** Chooses the next step and takes the blocks it needs. */
  public StepPlan schedule() {
    List<ScheduledRequest> plan = new ArrayList<>();
    List<Request> preempted = new ArrayList<>();
    List<StepPlan.Admitted> admitted = new ArrayList<>();
    while (!joining.isEmpty() && running.size() < maxSequences) {
      start(joining.removeFirst());
    }
    List<Request> decodes = decodes(preempted);
    int budget = planDecodes(decodes, plan);
    budget = continuePrompts(budget, plan);
    if (preempted.isEmpty()) {
      admit(budget, plan, admitted);
    }
    return new StepPlan(plan, preempted, admitted);
  }

  /**
   * Books a step's result: the tokens of the plan have their KV now, and {@code accepted} of the
   * drafts turned out right.
   */
  public void update(ScheduledRequest scheduled, int accepted) {
    Request request = scheduled.request();
    request.computed(scheduled.context() + scheduled.tokens() + accepted);
    request.clearDrafts();
    cache.publish(request.blocks(), request.tokens(), request.computed());
  }

  /** Forgets a request in whatever queue and frees its blocks. */
  public void remove(Request request) {
    if (!running.remove(request) && !joining.remove(request)) {
      waiting.remove(request);
    }
    request.blocks().releaseAll();
  }

  /** The running decodes that have room for their next token, made if need be. */
  private List<Request> decodes(List<Request> preempted) {
    List<Request> decodes = new ArrayList<>(running.size());
    for (Request request : running.asList()) {
      if (request.state() == RequestState.RUNNING
          && request.decoding()
          && makeRoom(request, preempted)) {
        decodes.add(request);
      }
    }
    return decodes;
  }

  private boolean makeRoom(Request request, List<Request> preempted) {
    while (!request.blocks().ensure(request.size())) {
      Request victim = latest();
      preempt(victim);
      preempted.add(victim);
      if (victim == request) {
        return false;
      }
    }
    return true;
  }

  /** The latest arrival that holds blocks, running or about to join. */
  private Request latest() {
    Request last = running.last();
    if (!joining.isEmpty() && joining.last().arrival() > last.arrival()) {
      return joining.last();
    }
    return last;
  }

  private void preempt(Request victim) {
    if (!running.remove(victim)) {
      joining.remove(victim);
    }
    victim.blocks().releaseAll();
    victim.computed(0);
    victim.clearDrafts();
    victim.times().onPreempted();
    victim.become(RequestState.PREEMPTED);
    waiting.add(victim);
  }

  private int planDecodes(List<Request> decodes, List<ScheduledRequest> plan) {
    int budget = Math.max(0, maxBatchTokens - decodes.size());
    int logitRows = maxLogitRows - running.size();
    for (Request request : decodes) {
      int drafts = Math.min(request.drafts().length, Math.min(budget, logitRows));
      drafts = Math.max(0, Math.min(drafts, request.remaining() - 1));
      while (drafts > 0 && !request.blocks().ensure(request.size() + drafts)) {
        drafts--;
      }
      budget -= drafts;
      logitRows -= drafts;
      plan.add(ScheduledRequest.of(request, 1, drafts));
    }
    return budget;
  }

  private int continuePrompts(int available, List<ScheduledRequest> plan) {
    int budget = available;
    for (Request request : running.asList()) {
      if (budget > 0 && !request.decoding()) {
        budget -= chunk(request, budget, plan);
      }
    }
    return budget;
  }

  private void admit(int available, List<ScheduledRequest> plan, List<StepPlan.Admitted> admitted) {
    int budget = available;
    while (budget > 0
        && !waiting.isEmpty()
        && running.size() < maxSequences
        && logitRows(plan) < maxLogitRows) {
      Request request = waiting.first();
      int cached = cache.open(request.blocks(), request.tokens(), request.size(), headroom());
      if (cached == PrefixCache.NO_ROOM) {
        return;
      }
      waiting.removeFirst();
      request.computed(cached);
      admitted.add(
          new StepPlan.Admitted(request, cached, request.state() == RequestState.PREEMPTED));
      start(request);
      budget -= chunk(request, budget, plan);
    }
  }

  private void start(Request request) {
    request.become(RequestState.RUNNING);
    running.add(request);
  }

  private static int chunk(Request request, int budget, List<ScheduledRequest> plan) {
    int tokens = Math.min(request.pending(), budget);
    plan.add(ScheduledRequest.of(request, tokens, 0));
    return tokens;
  }

  private static int need(Request request) {
    return request.blocks().missingFor(request.size());
  }

  /** A block for each running request to grow into, so that admission does not cause preemption. */
  private int headroom() {
    return running.size();
  }

  private static int logitRows(List<ScheduledRequest> plan) {
    int rows = 0;
    for (ScheduledRequest one : plan) {
      rows += one.logitRows();
    }
    return rows;
  }
}
