package dev.andante.qoe.batch;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One decision when not everyone can run. */
final class PressureRound {

  private final BatchPolicy policy;
  private final BatchState state;
  private final Envelope envelope;
  private final List<Entry> entries;

  PressureRound(
      BatchPolicy policy,
      BatchState state,
      Envelope envelope,
      List<BatchRequest> running,
      List<BatchRequest> waiting) {
    this.policy = policy;
    this.state = state;
    this.envelope = envelope;
    this.entries = Entry.all(policy, state, running, waiting);
  }

  BatchDecision decide(List<BatchRequest> refused) {
    FixedPlaces fixed = FixedPlaces.of(policy.starvation(), state, entries);
    Choice best =
        new BatchSearch(policy, state, entries, fixed)
            .best(BatchSizes.candidates(state, envelope, entries, policy.batchSizes()));
    List<Entry> running = entries.stream().filter(Entry::running).toList();
    Commitments commitments = new Commitments(state, running, best.leaving(entries));
    fixed.promoted().ifPresent(entry -> admitIfRoom(commitments, entry, Admission.Why.STARVED));
    if (!fixed.holding()) {
      commitments.limit(best.size());
      List<Entry> entering =
          best.entering(entries).stream().filter(entry -> !fixed.has(entry)).toList();
      switch (policy.preemption()) {
        case PreemptionRule.OverheadAware() -> refine(commitments, best, entering);
        case PreemptionRule.PricedTime() -> admitIfWorthIt(commitments, best, entering);
        case PreemptionRule.Capped(double perRequest) ->
            admitWithin(commitments, perRequest, entering);
      }
    }
    if (commitments.batch() == 0) {
      fill(commitments);
    }
    return commitments.decision(refused);
  }

  private static void admitIfRoom(Commitments commitments, Entry entry, Admission.Why why) {
    @Nullable List<Entry> victims = commitments.victimsFor(entry);
    if (victims != null) {
      commitments.admit(entry, why, victims);
    }
  }

  /** The overhead-aware refiner. */
  private void refine(Commitments commitments, Choice best, List<Entry> entering) {
    for (Entry entry : entering) {
      @Nullable List<Entry> victims = commitments.victimsFor(entry);
      if (victims == null
          || best.gain(entry) <= stallLoss(commitments, best, stallSeconds(entry, victims))) {
        return;
      }
      commitments.admit(entry, Admission.Why.GAIN, victims);
    }
  }

  private void admitIfWorthIt(Commitments commitments, Choice best, List<Entry> entering) {
    double perSecond = best.total() / policy.horizonSeconds();
    for (Entry entry : entering) {
      @Nullable List<Entry> victims = commitments.victimsFor(entry);
      if (victims == null) {
        continue;
      }
      double stall = stallSeconds(entry, victims);
      double price = perSecond * stall + stallLoss(commitments, best, stall);
      double forgone = victims.stream().mapToDouble(best::gain).sum();
      if (best.gain(entry) > price + forgone) {
        commitments.admit(entry, Admission.Why.GAIN, victims);
      }
    }
  }

  private double stallSeconds(Entry entry, List<Entry> victims) {
    double stall = state.costs().startSeconds(entry.request());
    for (Entry victim : victims) {
      stall += state.costs().preemptSeconds(victim.request());
    }
    return stall;
  }

  private double stallLoss(Commitments commitments, Choice best, double stallSeconds) {
    double loss = 0;
    for (Entry entry : commitments.ongoing()) {
      loss += policy.estimator().stallLoss(entry.outlook(), best.latencySeconds(), stallSeconds);
    }
    return loss;
  }

  private void admitWithin(Commitments commitments, double perRequest, List<Entry> entering) {
    BatchState.History history = state.history();
    double allowed = perRequest * history.requests() - history.preemptions();
    for (Entry entry : entering) {
      @Nullable List<Entry> victims = commitments.victimsFor(entry);
      if (victims != null
          && (victims.isEmpty() || commitments.preemptions() + victims.size() <= allowed)) {
        commitments.admit(entry, Admission.Why.GAIN, victims);
      }
    }
  }

  /** Nobody gains and nobody runs: first come, first served, as far as all keep their pace. */
  private void fill(Commitments commitments) {
    for (Entry entry : entries) {
      boolean holds =
          envelope.holds(commitments.batch() + 1, commitments.tokens() + entry.tokens());
      if (commitments.batch() == 0 || holds) {
        admitIfRoom(commitments, entry, Admission.Why.ROOM);
      }
    }
  }
}
