package dev.andante.gateway.routing;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Workers that failed one request: they come last, and lost ones only once they are heard of. Any
 * thread.
 */
public final class Tried {

  private final Set<String> refused = ConcurrentHashMap.newKeySet();
  private final Map<String, Long> lostNanos = new ConcurrentHashMap<>();

  /** It is there and did not serve the request. */
  public void refused(Worker worker) {
    refused.add(worker.target());
  }

  /** It may be gone. */
  public void lost(Worker worker) {
    lostNanos.put(worker.target(), System.nanoTime());
  }

  /** Whether it has failed the request. */
  public boolean contains(Worker worker) {
    return refused.contains(worker.target()) || lostNanos.containsKey(worker.target());
  }

  /** Whether it was lost and has said nothing of itself since. */
  boolean silent(Worker worker) {
    Long since = lostNanos.get(worker.target());
    return since != null && !worker.heardSince(since);
  }
}
