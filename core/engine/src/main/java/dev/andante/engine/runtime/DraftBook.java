package dev.andante.engine.runtime;

import dev.andante.engine.DraftSource;
import dev.andante.engine.DraftSource.Draft;
import dev.andante.engine.request.Request;
import dev.andante.engine.scheduler.StepDemand;
import dev.andante.engine.scheduler.StepTime;
import dev.andante.engine.speculative.DraftLengths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Keeps a {@link DraftSource} informed and attaches its proposals to requests. Asks for no more
 * than is worth verifying ({@link DraftLengths}). Waits for outstanding proposals only within the
 * configured bound, and after several waits in vain not at all for a while, so that a slow or lost
 * source costs next to nothing.
 */
final class DraftBook {

  /** Fruitless waits in a row after which waiting stops. */
  static final int PATIENCE = 3;

  /** Steps without waiting after that. */
  static final int PAUSE_STEPS = 256;

  private static final System.Logger LOG = System.getLogger(DraftBook.class.getName());

  private final DraftSource source;
  private final int maxDraftTokens;
  private final int vocabulary;
  private final long waitNanos;
  private final StepTime stepTime;
  private final DraftLengths lengths = new DraftLengths();
  private final List<DraftedAnswer> running = new ArrayList<>();
  private final Map<String, DraftedAnswer> answers = new HashMap<>();
  private int fruitless;
  private int pause;
  private boolean failing;

  DraftBook(
      DraftSource source, int maxDraftTokens, int vocabulary, long waitNanos, StepTime stepTime) {
    this.source = source;
    this.maxDraftTokens = maxDraftTokens;
    this.vocabulary = vocabulary;
    this.waitNanos = waitNanos;
    this.stepTime = stepTime;
  }

  /**
   * Attaches what has arrived, waiting for what is outstanding if that seems worth while, and no
   * longer than those wait who would profit.
   *
   * @param demand of the next step; asked for only if somebody speculates
   */
  void collect(long now, Supplier<StepDemand> demand) {
    if (answers.isEmpty()) {
      return;
    }
    chooseLengths(demand);
    long most = pause == 0 ? Math.min(waitNanos, outstanding(now)) : 0;
    boolean wait = most > 0;
    List<Draft> drafts;
    try {
      drafts = source.propose(wait ? most : 0);
      failing = false;
    } catch (RuntimeException e) {
      failed(e);
      drafts = List.of();
    }
    boolean any = false;
    for (Draft draft : drafts) {
      any |= attach(draft);
    }
    pause = Math.max(0, pause - 1);
    if (any) {
      fruitless = 0;
      pause = 0;
    } else if (wait && ++fruitless >= PATIENCE) {
      fruitless = 0;
      pause = PAUSE_STEPS;
    }
  }

  private void chooseLengths(Supplier<StepDemand> demand) {
    running.clear();
    for (DraftedAnswer answer : answers.values()) {
      if (answer.runs()) {
        running.add(answer);
      }
    }
    if (!running.isEmpty()) {
      StepDemand step = demand.get();
      lengths.choose(running, step.rows(), step.pairs(), stepTime.cost());
    }
  }

  /** A draft of a request was verified. */
  void verified(Request request, int drafted, int right) {
    DraftedAnswer answer = answers.get(name(request));
    if (answer != null) {
      answer.acceptance().verified(drafted, right);
      lengths.verified(drafted, right);
    }
  }

  /** A request gained tokens, or starts to decode. */
  void appended(Request request) {
    if (maxDraftTokens == 0 || !request.speculates()) {
      return;
    }
    String name = name(request);
    DraftedAnswer answer =
        answers.computeIfAbsent(name, key -> new DraftedAnswer(request, maxDraftTokens));
    int want = answer.wanted();
    if (want < 1) {
      answer.settled();
      return;
    }
    try {
      source.append(name, answer.told(), request.tokensFrom(answer.told()), want);
      answer.asked(want);
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  void ended(Request request) {
    DraftedAnswer answer = answers.remove(name(request));
    if (answer != null && answer.told() > 0) {
      try {
        source.end(name(request));
      } catch (RuntimeException e) {
        failed(e);
      }
    }
  }

  void close() {
    answers.clear();
    try {
      source.close();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "draft source failed to close", e);
    }
  }

  /** Whether the draft is an answer to what was asked last. */
  private boolean attach(Draft draft) {
    DraftedAnswer answer = answers.get(draft.sequence());
    if (answer == null || draft.position() != answer.request().size()) {
      return false;
    }
    answer.settled();
    int valid = 0;
    int limit = Math.min(draft.tokens().length, answer.usable());
    while (valid < limit && draft.tokens()[valid] >= 0 && draft.tokens()[valid] < vocabulary) {
      valid++;
    }
    answer.request().drafts(Arrays.copyOf(draft.tokens(), valid));
    return true;
  }

  /** The most time that is left to a request whose draft is outstanding; 0 if there is none. */
  private long outstanding(long now) {
    long left = 0;
    for (DraftedAnswer answer : answers.values()) {
      if (answer.waits()) {
        left = Math.max(left, answer.request().times().left(now));
      }
    }
    return left;
  }

  /** Told once until the source works again. */
  private void failed(RuntimeException e) {
    if (!failing) {
      LOG.log(System.Logger.Level.WARNING, "draft source failed; decoding goes on without", e);
    }
    failing = true;
  }

  private static String name(Request request) {
    return request.attempt().requestId() + "/" + request.attempt().epoch();
  }
}
