package dev.andante.qoe.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.qoe.DeliveryTimeline;
import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.latency.DecodeLatency;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;

/**
 * One worker in virtual time: it decides at each arrival, end or shortage of memory and twice a
 * second, stands still while it prefills or resumes, and then gives each running request a token.
 * Checks each decision.
 */
final class SmallServer {

  private static final double DECIDE_EVERY_SECONDS = 0.5;

  /**
   * @param comes seconds
   * @param answerTokens at least 1
   */
  record Job(double comes, int promptTokens, int answerTokens, QoeSpec spec) {}

  record Report(double meanQoe, double shareGood, int preemptions, double longestWait, int most) {}

  private final class Live {
    final long arrival;
    final Job job;
    final DeliveryTimeline timeline;
    double since;

    Live(long arrival, Job job) {
      this.arrival = arrival;
      this.job = job;
      this.timeline = new DeliveryTimeline(job.spec(), Requests.nanos(job.comes()));
      this.since = job.comes();
    }

    /** Its KV with the token that comes next. */
    int tokens() {
      long answer = reserving ? job.answerTokens() : timeline.reading().tokens();
      return job.promptTokens() + (int) answer + 1;
    }

    BatchRequest request() {
      return new BatchRequest(
          arrival,
          tokens(),
          0,
          timeline.reading(),
          timeline.submittedNanos(),
          Requests.nanos(since));
    }
  }

  private final Function<BatchState, BatchDecision> policy;
  private final long capacity;
  private final DecodeLatency decode;
  private final Costs costs;
  private final Deque<Live> coming = new ArrayDeque<>();
  private final Map<Long, Live> running = new HashMap<>();
  private final Map<Long, Live> waiting = new HashMap<>();
  private final List<Live> all = new ArrayList<>();
  private boolean reserving;
  private double now;
  private int arrived;
  private int preemptions;
  private double longestWait;
  private double lastPromotion = Double.NEGATIVE_INFINITY;
  private int most;

  SmallServer(
      Function<BatchState, BatchDecision> policy,
      long capacity,
      DecodeLatency decode,
      Costs costs) {
    this.policy = policy;
    this.capacity = capacity;
    this.decode = decode;
    this.costs = costs;
  }

  /** From the start a request holds what its answer will need, so that memory never runs out. */
  SmallServer reserving() {
    reserving = true;
    return this;
  }

  /** A Poisson process with lengths like those of a chat. */
  static List<Job> chats(long seed, int count, double perSecond) {
    Random random = new Random(seed);
    List<Job> jobs = new ArrayList<>();
    double time = 0;
    for (int i = 0; i < count; i++) {
      time -= Math.log(1 - random.nextDouble()) / perSecond;
      int prompt = (int) Math.clamp(Math.exp(5 + random.nextGaussian()), 4.0, 1500.0);
      int answer = (int) Math.clamp(Math.exp(5.3 + 0.8 * random.nextGaussian()), 4.0, 1500.0);
      jobs.add(new Job(time, prompt, answer, QoeSpec.forPrompt(prompt)));
    }
    return jobs;
  }

  Report run(List<Job> jobs) {
    for (Job job : jobs) {
      Live live = new Live(all.size(), job);
      all.add(live);
      coming.add(live);
    }
    double nextDecision = 0;
    boolean event = true;
    while (!(coming.isEmpty() && running.isEmpty() && waiting.isEmpty())) {
      if (running.isEmpty() && waiting.isEmpty()) {
        now = Math.max(now, coming.element().job.comes());
      }
      while (!coming.isEmpty() && coming.element().job.comes() <= now) {
        Live live = coming.remove();
        waiting.put(live.arrival, live);
        arrived++;
        event = true;
      }
      if (event || now >= nextDecision || tokens() > capacity) {
        apply(decision());
        nextDecision = now + DECIDE_EVERY_SECONDS;
      }
      event = step();
    }
    return report();
  }

  private long tokens() {
    return running.values().stream().mapToLong(Live::tokens).sum();
  }

  private BatchDecision decision() {
    BatchState state =
        new BatchState(
            Requests.nanos(now),
            running.values().stream().map(Live::request).toList(),
            waiting.values().stream().map(Live::request).toList(),
            capacity,
            1000,
            decode,
            costs,
            new BatchState.History(arrived, preemptions, now - lastPromotion));
    BatchDecision decision = policy.apply(state);
    assertThat(BatchState.tokens(decision.batch())).isLessThanOrEqualTo(capacity);
    assertThat(decision.batch()).as("somebody runs").isNotEmpty();
    assertThat(decision.keep().size() + decision.preempted().size()).isEqualTo(running.size());
    return decision;
  }

  private void apply(BatchDecision decision) {
    for (BatchRequest gone : decision.preempted()) {
      Live live = running.remove(gone.arrival());
      now += costs.preemptSeconds(gone);
      live.since = now;
      waiting.put(live.arrival, live);
      preemptions++;
    }
    for (Admission admission : decision.admit()) {
      Live live = waiting.remove(admission.request().arrival());
      longestWait = Math.max(longestWait, now - live.since);
      now += costs.startSeconds(admission.request());
      lastPromotion = admission.why() == Admission.Why.STARVED ? now : lastPromotion;
      live.since = now;
      running.put(live.arrival, live);
      if (live.timeline.reading().tokens() == 0) {
        live.timeline.delivered(Requests.nanos(now));
      }
    }
    most = Math.max(most, running.size());
  }

  /** One iteration; whether somebody ended. */
  private boolean step() {
    now += decode.seconds(running.size(), tokens());
    int before = running.size();
    for (Live live : List.copyOf(running.values())) {
      if (live.timeline.reading().tokens() < live.job.answerTokens()) {
        live.timeline.delivered(Requests.nanos(now));
      }
      if (live.timeline.reading().tokens() >= live.job.answerTokens()) {
        live.timeline.finish();
        running.remove(live.arrival);
      }
    }
    return running.size() < before;
  }

  private Report report() {
    double[] qoe = all.stream().mapToDouble(live -> live.timeline.qoe(QoeMetric.V2, 0)).toArray();
    double sum = 0;
    int good = 0;
    for (double one : qoe) {
      sum += one;
      good += one >= 0.95 ? 1 : 0;
    }
    return new Report(sum / qoe.length, (double) good / qoe.length, preemptions, longestWait, most);
  }

  /** First come, first served; the latest leave when memory runs out, as vLLM does it. */
  static BatchDecision firstComeFirstServed(BatchState state) {
    List<BatchRequest> keep = new ArrayList<>(state.running());
    keep.sort((a, b) -> Long.compare(a.arrival(), b.arrival()));
    List<BatchRequest> shed = new ArrayList<>();
    while (BatchState.tokens(keep) > state.capacityTokens()) {
      shed.add(keep.removeLast());
    }
    List<Admission> admit = new ArrayList<>();
    long tokens = BatchState.tokens(keep);
    List<BatchRequest> waiting = new ArrayList<>(state.waiting());
    waiting.sort((a, b) -> Long.compare(a.arrival(), b.arrival()));
    for (BatchRequest next : shed.isEmpty() ? waiting : List.<BatchRequest>of()) {
      tokens += next.contextTokens();
      if (tokens > state.capacityTokens()) {
        break;
      }
      admit.add(new Admission(next, Admission.Why.ROOM, List.of()));
    }
    return new BatchDecision(true, List.of(), shed, admit, keep, Optional.empty(), List.of());
  }
}
