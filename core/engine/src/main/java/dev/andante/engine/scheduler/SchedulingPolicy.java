package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;

/**
 * Who goes before whom. A request has a level and, within it, a position; lower goes first. The
 * order decides who gets free places and blocks, whose prompt goes on first and who loses the
 * blocks that a decode lacks. Beyond that, a request takes the place in the batch, or the blocks,
 * of one with a higher level. All else, and that everybody gets on whatever a policy says, is the
 * {@link Scheduler}'s business.
 *
 * <p>One instance serves one scheduler, on its thread. Hooks must be cheap: they are called in
 * every step. A policy that looks at the clock gets it in its constructor.
 */
public interface SchedulingPolicy {

  /**
   * The level of a request that is not to run now even if there is room. If it runs, it loses its
   * place and keeps its blocks while nobody lacks them; it may go on where nobody else can for want
   * of them. Whoever holds a request back must let it go on some time.
   */
  int HELD = Integer.MAX_VALUE;

  /** A request joins the scheduler, to have its prompt computed or with its KV at hand. */
  default void arrived(Request request) {}

  /** A step is about to be planned. Levels and positions stay as they are while it is. */
  default void planning() {}

  /** The request's level; asked once when it arrives and once for each plan. */
  int level(Request request);

  /**
   * The request's position within its level; of two that are equal the earlier arrival is first.
   */
  default long position(Request request) {
    return request.arrival();
  }

  /**
   * A step is over. Requests that ended with it have {@link #left} before.
   *
   * @param nanos what the step took
   */
  default void ran(StepPlan plan, long nanos) {}

  /** A request is over, for whatever reason. */
  default void left(Request request) {}
}
