package dev.andante.qoe.batch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A decision under construction; what is committed always fits. */
final class Commitments {

  private final long capacity;
  private final Deque<Entry> leaving;
  private final List<Entry> ongoing = new ArrayList<>();
  private final List<Admission> admissions = new ArrayList<>();
  private final List<BatchRequest> shed = new ArrayList<>();
  private int places;
  private long tokens;
  private int preemptions;

  /**
   * @param running in order of arrival
   * @param leaving those who may be preempted, the first to go first
   */
  Commitments(BatchState state, List<Entry> running, List<Entry> leaving) {
    this.capacity = state.capacityTokens();
    this.leaving = new ArrayDeque<>(leaving);
    this.places = state.maxBatch();
    ongoing.addAll(running);
    tokens = running.stream().mapToLong(Entry::tokens).sum();
    while (!fits(0, 0) && !this.leaving.isEmpty()) {
      shed.add(preempt(this.leaving.remove()));
    }
  }

  /** Limits the batch from here on, but to no less than what runs already. */
  void limit(int size) {
    places = Math.min(places, Math.max(size, ongoing.size() + admissions.size()));
  }

  /** The fewest who must leave for an entry to fit, or null if it cannot. */
  @Nullable List<Entry> victimsFor(Entry entry) {
    List<Entry> victims = new ArrayList<>();
    long freed = 0;
    for (Entry next : leaving) {
      if (fits(entry.tokens() - freed, 1 - victims.size())) {
        break;
      }
      victims.add(next);
      freed += next.tokens();
    }
    return fits(entry.tokens() - freed, 1 - victims.size()) ? victims : null;
  }

  /**
   * @param victims as {@link #victimsFor} told just before
   */
  void admit(Entry entry, Admission.Why why, List<Entry> victims) {
    List<BatchRequest> gone = new ArrayList<>();
    for (Entry victim : victims) {
      leaving.remove();
      gone.add(preempt(victim));
    }
    admissions.add(new Admission(entry.request(), why, gone));
    tokens += entry.tokens();
  }

  private BatchRequest preempt(Entry victim) {
    ongoing.remove(victim);
    tokens -= victim.tokens();
    preemptions++;
    return victim.request();
  }

  private boolean fits(long moreTokens, int moreRequests) {
    return tokens + moreTokens <= capacity
        && ongoing.size() + admissions.size() + moreRequests <= places;
  }

  /** Those who ran before and have not been preempted. */
  List<Entry> ongoing() {
    return ongoing;
  }

  int preemptions() {
    return preemptions;
  }

  int batch() {
    return ongoing.size() + admissions.size();
  }

  long tokens() {
    return tokens;
  }

  BatchDecision decision(List<BatchRequest> refused) {
    return new BatchDecision(
        true,
        refused,
        shed,
        admissions,
        ongoing.stream().map(Entry::request).toList(),
        admissions.stream()
            .filter(admission -> admission.why() == Admission.Why.STARVED)
            .map(Admission::request)
            .findFirst(),
        List.of());
  }
}
