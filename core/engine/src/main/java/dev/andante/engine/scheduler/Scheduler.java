package dev.andante.engine.scheduler;

import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Decides who runs, in the order of a {@link SchedulingPolicy}.
 *
 * <ul>
 *   <li>A request is admitted with blocks for all tokens it has, so a half-done prompt never lacks
 *       blocks and only decodes can run out.
 *   <li>A decode without a block takes those of the last in order; the last of all gives up its
 *       own. The victim's tokens stay and are recomputed, so the first in order always advances.
 *   <li>Requests that hold blocks, since their KV came from elsewhere or they were paused, start
 *       before anyone new whom the policy does not rank above them.
 *   <li>Somebody runs if the policy lets anybody, be it one whom it holds: until that one has
 *       gained a token, after which its blocks may be taken.
 *   <li>Blocks that begin like the request's tokens are shared, so that only the rest is computed.
 *   <li>Drafts and prompts share the rows that decodes leave, and the time that a {@link Pace}
 *       leaves.
 * </ul>
 */
public final class Scheduler {

  private final PrefixCache cache;
  private final int maxBatchTokens;
  private final int maxSequences;
  private final int maxLogitRows;
  private final SchedulingPolicy policy;
  private final Pace pace;
  private final Queues queues;
  private final Displacement displacement;

  /** First come, first served, at no particular pace. */
  public Scheduler(PrefixCache cache, int maxBatchTokens, int maxSequences, int maxLogitRows) {
    this(
        cache, maxBatchTokens, maxSequences, maxLogitRows, new FirstComeFirstServed(), Pace.free());
  }

  /**
   * @param cache gives the blocks to requests that start
   * @param maxLogitRows rows of one step whose logits may be wanted, at least maxSequences
   * @param policy this scheduler's alone
   * @param pace this scheduler's alone
   */
  public Scheduler(
      PrefixCache cache,
      int maxBatchTokens,
      int maxSequences,
      int maxLogitRows,
      SchedulingPolicy policy,
      Pace pace) {
    this.cache = cache;
    this.maxBatchTokens = maxBatchTokens;
    this.maxSequences = maxSequences;
    this.maxLogitRows = maxLogitRows;
    this.policy = policy;
    this.pace = pace;
    this.queues = new Queues(policy);
    this.displacement = new Displacement(queues, cache, maxBatchTokens, maxSequences);
  }

  /** A request whose tokens are all to be computed. */
  public void add(Request request) {
    queues.arrive(request, queues.waiting());
  }

  /** A request that brings its KV and blocks along. */
  public void join(Request request) {
    queues.arrive(request, queues.ready());
  }

  /** Requests without a place in the batch. */
  public int waiting() {
    return queues.waiting().size() + queues.ready().size();
  }

  public int running() {
    return queues.running().size();
  }

  public boolean hasWork() {
    return running() + waiting() > 0;
  }

  /** Every request held, running ones first. */
  public void forEach(Consumer<Request> action) {
    queues.forEach(action);
  }

  /** The running requests in the policy's order. */
  public List<Request> runningRequests() {
    return queues.running().asList();
  }

  /** Blocks that are not free to give away: those the next in line and the running ones need. */
  public int spokenFor() {
    return headroom() + (queues.waiting().isEmpty() ? 0 : need(queues.waiting().first()));
  }

  /** What there is to do, whoever may do it in the next step. */
  public StepDemand demand() {
    long[] sums = new long[2];
    forEach(
        request -> {
          long rows = Math.min(request.pending(), maxBatchTokens - sums[0]);
          sums[0] += rows;
          sums[1] += StepTime.pairs(request.computed(), rows);
        });
    return new StepDemand(sums[0], sums[1]);
  }

  /** Chooses the next step and takes the blocks it needs. */
  public StepPlan schedule() {
    queues.rank();
    StepDraft draft = new StepDraft();
    displacement.run(draft);
    startReady();
    StepBudget budget = planRunning(draft);
    if (!draft.anyPreempted()) {
      admit(budget, draft);
    }
    if (draft.isEmpty() && startHeld()) {
      budget = planRunning(draft);
    }
    return draft.plan(budget.wasCut());
  }

  private StepBudget planRunning(StepDraft draft) {
    List<Request> decodes = decodes(draft);
    StepBudget budget = pace.beside(decodes, maxBatchTokens);
    planDecodes(decodes, budget, draft);
    continuePrompts(budget, draft);
    return budget;
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

  /**
   * A step is over, with its updates and removals.
   *
   * @param nanos what it took
   */
  public void ran(StepPlan plan, long nanos) {
    pace.ran(plan, nanos);
    policy.ran(plan, nanos);
  }

  /** What steps take, by those that ran here. */
  public StepTime stepTime() {
    return pace.stepTime();
  }

  /** Forgets a request in whatever queue and frees its blocks. */
  public void remove(Request request) {
    queues.remove(request);
  }

  private void startReady() {
    while (!queues.ready().isEmpty()
        && running() < maxSequences
        && !Queues.held(queues.ready().first())) {
      queues.start(queues.ready().first());
    }
  }

  /**
   * Nobody runs, and whom the policy lets run lacks blocks that are held by requests which must not
   * lose them before they have gained a token: then the first of these goes on although it is held.
   *
   * @return whether there is one
   */
  private boolean startHeld() {
    if (running() > 0 || queues.ready().isEmpty() || queues.firstContender() == null) {
      return false;
    }
    queues.start(queues.ready().first());
    return true;
  }

  /** The running decodes that have room for their next token, made if need be. */
  private List<Request> decodes(StepDraft draft) {
    List<Request> decodes = new ArrayList<>(running());
    for (Request request : queues.running().asList()) {
      if (request.state() == RequestState.RUNNING
          && request.decoding()
          && makeRoom(request, draft)) {
        decodes.add(request);
      }
    }
    return decodes;
  }

  private boolean makeRoom(Request request, StepDraft draft) {
    while (!request.blocks().ensure(request.size())) {
      Request victim = queues.lastHolder();
      queues.preempt(victim);
      draft.preempted(victim);
      if (victim == request) {
        return false;
      }
    }
    return true;
  }

  private void planDecodes(List<Request> decodes, StepBudget budget, StepDraft draft) {
    boolean promptsWait = decodes.size() < running() || !queues.waiting().isEmpty();
    int logitRows = maxLogitRows - running();
    for (Request request : decodes) {
      int wanted = Math.min(Math.min(request.drafts().length, logitRows), request.remaining() - 1);
      int drafts = budget.drafts(request.size(), wanted, promptsWait);
      while (drafts > 0 && !request.blocks().ensure(request.size() + drafts)) {
        drafts--;
      }
      budget.takeDrafts(request.size(), drafts);
      logitRows -= drafts;
      draft.schedule(request, 1, drafts);
    }
  }

  private void continuePrompts(StepBudget budget, StepDraft draft) {
    for (Request request : queues.running().asList()) {
      if (!request.decoding()) {
        chunk(request, budget, draft);
      }
    }
  }

  private void admit(StepBudget budget, StepDraft draft) {
    while (budget.isOpen()
        && !queues.waiting().isEmpty()
        && !Queues.held(queues.waiting().first())
        && running() < maxSequences
        && draft.logitRows() < maxLogitRows) {
      Request request = queues.waiting().first();
      int cached = cache.open(request.blocks(), request.tokens(), request.size(), headroom());
      if (cached == PrefixCache.NO_ROOM) {
        return;
      }
      request.computed(cached);
      draft.admitted(request, cached);
      queues.start(request);
      chunk(request, budget, draft);
    }
  }

  private static void chunk(Request request, StepBudget budget, StepDraft draft) {
    int tokens = budget.takeChunk(request.computed(), request.pending());
    if (tokens > 0) {
      draft.schedule(request, tokens, 0);
    }
  }

  private static int need(Request request) {
    return request.blocks().missingFor(request.size());
  }

  /** A block for each running request to grow into, so that admission does not cause preemption. */
  private int headroom() {
    return running();
  }
}
