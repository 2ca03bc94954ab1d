package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The requests of a scheduler by what they have: nothing (waiting), blocks (ready), blocks and a
 * place in the batch (running); and the ways between. Each queue is in the policy's order.
 */
final class Queues {

  private final SchedulingPolicy policy;
  private final RankedQueue waiting = new RankedQueue();
  private final RankedQueue ready = new RankedQueue();
  private final RankedQueue running = new RankedQueue();

  Queues(SchedulingPolicy policy) {
    this.policy = policy;
  }

  RankedQueue waiting() {
    return waiting;
  }

  RankedQueue ready() {
    return ready;
  }

  RankedQueue running() {
    return running;
  }

  void arrive(Request request, RankedQueue queue) {
    policy.arrived(request);
    place(request);
    queue.add(request);
  }

  /** Asks the policy for everybody's place anew. */
  void rank() {
    policy.planning();
    forEach(this::place);
    waiting.sort();
    ready.sort();
    running.sort();
  }

  void forEach(Consumer<Request> action) {
    running.forEach(action);
    ready.forEach(action);
    waiting.forEach(action);
  }

  static boolean held(Request request) {
    return request.standing().level() == SchedulingPolicy.HELD;
  }

  /** The last in order that holds blocks; there must be one. */
  Request lastHolder() {
    if (running.isEmpty() || (!ready.isEmpty() && after(ready.last(), running.last()))) {
      return ready.last();
    }
    return running.last();
  }

  /** The first in order without a place that may have one, or null. */
  @Nullable Request firstContender() {
    Request first = ready.isEmpty() ? null : ready.first();
    if (!waiting.isEmpty() && (first == null || after(first, waiting.first()))) {
      first = waiting.first();
    }
    return first == null || held(first) ? null : first;
  }

  private static boolean after(Request one, Request other) {
    return one.standing().compareTo(other.standing()) > 0;
  }

  /** Gives a place to a request that has blocks. */
  void start(Request request) {
    if (!waiting.remove(request)) {
      ready.remove(request);
    }
    request.become(RequestState.RUNNING);
    request.standing().started(request.size());
    running.add(request);
  }

  /** Takes the place of a running request. */
  void pause(Request request) {
    running.remove(request);
    request.become(RequestState.PAUSED);
    ready.add(request);
  }

  /** Takes everything from a request that has blocks. */
  void preempt(Request request) {
    if (!running.remove(request)) {
      ready.remove(request);
    }
    request.blocks().releaseAll();
    request.computed(0);
    request.clearDrafts();
    request.times().onPreempted();
    request.become(RequestState.PREEMPTED);
    waiting.add(request);
  }

  void remove(Request request) {
    if (!running.remove(request) && !ready.remove(request)) {
      waiting.remove(request);
    }
    request.blocks().releaseAll();
    policy.left(request);
  }

  private void place(Request request) {
    request.standing().place(policy.level(request), policy.position(request));
  }
}
