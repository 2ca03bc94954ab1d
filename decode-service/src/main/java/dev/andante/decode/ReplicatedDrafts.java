package dev.andante.decode;

import dev.andante.engine.DraftSource;
import dev.andante.service.grpc.Endpoints;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Drafts from all replicas behind an address. A sequence stays with the replica it began with, the
 * one with the fewest sequences then, since that knows its tokens; if that goes, the sequence goes
 * on without drafts. Engine thread; replicas come and go on another.
 */
final class ReplicatedDrafts implements DraftSource {

  private final Function<String, GrpcDraftSource> open;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, GrpcDraftSource> replicas = new LinkedHashMap<>(); // guarded by lock
  private final Map<String, GrpcDraftSource> owners = new HashMap<>(); // guarded by lock
  private final Endpoints endpoints;

  /**
   * @param addresses {@code host:port}, or {@code dns:///host:port} for several replicas
   * @param open starts to talk to one of them
   */
  ReplicatedDrafts(
      List<String> addresses, Endpoints.Lookup lookup, Function<String, GrpcDraftSource> open) {
    this.open = open;
    this.endpoints = new Endpoints(addresses, lookup, Endpoints.INTERVAL, this::connect);
  }

  private void connect(SequencedSet<String> found) {
    List<GrpcDraftSource> gone = new ArrayList<>();
    lock.lock();
    try {
      for (String endpoint : List.copyOf(replicas.keySet())) {
        if (!found.contains(endpoint)) {
          gone.add(replicas.remove(endpoint));
        }
      }
      found.forEach(endpoint -> replicas.computeIfAbsent(endpoint, open));
      owners.values().removeAll(gone);
    } finally {
      lock.unlock();
    }
    gone.forEach(GrpcDraftSource::close);
  }

  @Override
  public void append(String sequence, int offset, int[] tokens, int maxTokens) {
    GrpcDraftSource owner = ownerOf(sequence, offset);
    if (owner != null) {
      owner.append(sequence, offset, tokens, maxTokens);
    }
  }

  private @Nullable GrpcDraftSource ownerOf(String sequence, int offset) {
    lock.lock();
    try {
      GrpcDraftSource owner = owners.get(sequence);
      if (owner == null && offset == 0) {
        owner =
            replicas.values().stream()
                .min(
                    Comparator.comparing((GrpcDraftSource one) -> !one.usable())
                        .thenComparingLong(this::sequencesOf))
                .orElse(null);
        if (owner != null) {
          owners.put(sequence, owner);
        }
      }
      return owner;
    } finally {
      lock.unlock();
    }
  }

  private long sequencesOf(GrpcDraftSource replica) {
    return owners.values().stream().filter(replica::equals).count();
  }

  @Override
  public void end(String sequence) {
    GrpcDraftSource owner;
    lock.lock();
    try {
      owner = owners.remove(sequence);
    } finally {
      lock.unlock();
    }
    if (owner != null) {
      owner.end(sequence);
    }
  }

  @Override
  public List<Draft> propose(long maxWaitNanos) {
    List<GrpcDraftSource> asked = current();
    if (asked.size() == 1) {
      return asked.getFirst().propose(maxWaitNanos);
    }
    long end = System.nanoTime() + maxWaitNanos;
    List<Draft> drafts = new ArrayList<>();
    for (GrpcDraftSource replica : asked) {
      drafts.addAll(replica.propose(Math.max(0, end - System.nanoTime())));
    }
    return drafts;
  }

  private List<GrpcDraftSource> current() {
    lock.lock();
    try {
      return List.copyOf(replicas.values());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    endpoints.close();
    current().forEach(GrpcDraftSource::close);
  }
}
