package dev.andante.engine.events;

import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.KvTier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Hands an engine's events on to followers. One that is too slow for a bounded buffer loses what is
 * in it and gets all that the engine holds by then instead, so nobody waits for a follower and no
 * follower goes wrong. Thread-safe.
 */
public final class KvEventLog {

  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.
  private final Map<KvTier, Map<BlockKey, KvEvent>> held = new EnumMap<>(KvTier.class);
  private final Set<Follower> followers = new HashSet<>();
  private long sequence;

  public KvEventLog() {
    for (KvTier tier : KvTier.values()) {
      held.put(tier, new HashMap<>());
    }
  }

  /** Appends events, in their order. Never waits for a follower. */
  public void append(List<KvEvent> events) {
    List<Follower> woken;
    lock.lock();
    try {
      events.forEach(this::apply);
      sequence += events.size();
      followers.forEach(follower -> follower.offer(events));
      woken = List.copyOf(followers);
    } finally {
      lock.unlock();
    }
    woken.forEach(follower -> follower.wake.run());
  }

  private void apply(KvEvent event) {
    Map<BlockKey, KvEvent> there = held.computeIfAbsent(event.tier(), _ -> new HashMap<>());
    switch (event) {
      case KvEvent.Stored stored -> there.put(stored.key(), stored);
      case KvEvent.Removed removed -> there.remove(removed.key());
      case KvEvent.Cleared _ -> there.clear();
    }
  }

  /**
   * A new follower, whose first batch is a resync; to be closed.
   *
   * @param capacity most events kept for it
   */
  public Follower follow(int capacity) {
    Follower follower = new Follower(capacity);
    lock.lock();
    try {
      followers.add(follower);
    } finally {
      lock.unlock();
    }
    return follower;
  }

  /** Followers that are not closed. */
  public int followers() {
    lock.lock();
    try {
      return followers.size();
    } finally {
      lock.unlock();
    }
  }

  /** One reader of the log. Its methods are for one thread at a time. */
  public final class Follower implements AutoCloseable {

    private final int capacity;
    private volatile Runnable wake = () -> {};

    // Guarded by lock.
    private final ArrayDeque<KvEvent> pending = new ArrayDeque<>();
    private boolean lost = true;

    // What is left of a resync, and the sequence it stands for.
    private List<KvEvent> rest = List.of();
    private long restSequence;

    private Follower(int capacity) {
      this.capacity = capacity;
    }

    /**
     * From now on this is called when there may be another batch, by whoever appends; it must not
     * block.
     */
    public void onMore(Runnable call) {
      wake = call;
    }

    private void offer(List<KvEvent> events) {
      if (lost) {
        return;
      }
      if (pending.size() + events.size() > capacity) {
        lost = true;
        pending.clear();
      } else {
        pending.addAll(events);
      }
    }

    /**
     * The next batch, or null if there is none by now.
     *
     * @param most events in it
     */
    public @Nullable KvEventBatch poll(int most) {
      if (!rest.isEmpty()) {
        return resync(most);
      }
      lock.lock();
      try {
        if (!lost) {
          return pending.isEmpty() ? null : next(most);
        }
        lost = false;
        rest = new ArrayList<>();
        held.values().forEach(there -> rest.addAll(there.values()));
        restSequence = sequence;
      } finally {
        lock.unlock();
      }
      return resync(most);
    }

    private KvEventBatch next(int most) {
      List<KvEvent> events = new ArrayList<>();
      while (events.size() < most && !pending.isEmpty()) {
        events.add(pending.poll());
      }
      return new KvEventBatch(sequence - pending.size(), false, 0, events);
    }

    private KvEventBatch resync(int most) {
      List<KvEvent> part = rest.subList(0, Math.min(most, rest.size()));
      rest = rest.subList(part.size(), rest.size());
      return new KvEventBatch(restSequence, true, rest.size(), part);
    }

    /** Follows no more. */
    @Override
    public void close() {
      lock.lock();
      try {
        followers.remove(this);
      } finally {
        lock.unlock();
      }
    }
  }
}
