package dev.andante.engine.runtime;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.request.Request;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Requests by id. A prefill job and an answer of the same id may live side by side, since one
 * engine may play both roles.
 */
final class ActiveRequests {

  private final Map<String, Request> answers = new HashMap<>();
  private final Map<String, Request> prefills = new HashMap<>();

  /**
   * @throws EngineException STALE_EPOCH if a newer attempt is at work, INVALID_REQUEST if this one
   *     is
   */
  void check(Attempt attempt, boolean prefill) {
    Request current = map(prefill).get(attempt.requestId());
    if (current == null || current.attempt().epoch() < attempt.epoch()) {
      return;
    }
    if (current.attempt().epoch() > attempt.epoch()) {
      throw new EngineException(
          Code.STALE_EPOCH,
          "attempt " + attempt.epoch() + " was overtaken by " + current.attempt().epoch());
    }
    throw new EngineException(
        Code.INVALID_REQUEST, attempt + " is already being served; ids must be unique");
  }

  /** The request that a newer attempt replaces, if there is one. */
  @Nullable Request overtakenBy(Attempt attempt, boolean prefill) {
    Request current = map(prefill).get(attempt.requestId());
    return current != null && current.attempt().epoch() < attempt.epoch() ? current : null;
  }

  void add(Request request) {
    map(request.prefillOnly()).put(request.attempt().requestId(), request);
  }

  void remove(Request request) {
    map(request.prefillOnly()).remove(request.attempt().requestId(), request);
  }

  /** The requests of exactly this attempt. */
  List<Request> of(Attempt attempt) {
    List<Request> found = new ArrayList<>(2);
    for (boolean prefill : new boolean[] {false, true}) {
      Request current = map(prefill).get(attempt.requestId());
      if (current != null && current.attempt().equals(attempt)) {
        found.add(current);
      }
    }
    return found;
  }

  /**
   * The answer of exactly this attempt.
   *
   * @throws EngineException UNKNOWN_REQUEST
   */
  Request answer(Attempt attempt) {
    Request current = answers.get(attempt.requestId());
    if (current == null || !current.attempt().equals(attempt)) {
      throw new EngineException(Code.UNKNOWN_REQUEST, attempt + " is not being answered");
    }
    return current;
  }

  int size() {
    return answers.size() + prefills.size();
  }

  Collection<Request> all() {
    List<Request> all = new ArrayList<>(answers.values());
    all.addAll(prefills.values());
    return all;
  }

  private Map<String, Request> map(boolean prefill) {
    return prefill ? prefills : answers;
  }
}
