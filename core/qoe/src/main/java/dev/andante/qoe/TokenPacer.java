package dev.andante.qoe;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;

/**
 * Hands tokens out no faster than their reader reads: token i is due at {@code max(arrival_i,
 * due_(i-1) + 1/r)}. Every token comes out once and in order; between two that are due there are at
 * least {@code 1/r} seconds, but for what a flush lets go at once.
 *
 * <p>The caller polls, best at {@link #nextNanos}; a poll that comes late hands out all that became
 * due meanwhile, so that the pace holds on average. A token stamped before its predecessor counts
 * as arriving with it. Holds at most the tokens of one answer. Not thread-safe.
 *
 * @param <T> what is paced; usually text with its token
 */
public final class TokenPacer<T> {

  /** When the first token is due. */
  public enum Start {
    AT_ONCE,
    /** Not before the time to first token that the reader expects. */
    AT_TARGET
  }

  /** What happens to the rest when the answer is complete. */
  public enum Ending {
    FLUSH,
    KEEP_PACE
  }

  private record Waiting<T>(T token, long arrival, int tokens) {}

  private final long submittedNanos;
  private final double secondsPerToken;
  private final long gap;
  private final Ending ending;
  private final Deque<Waiting<T>> buffer = new ArrayDeque<>();
  // Nanoseconds after submission from here on.
  private long earliest;
  private long lastArrival;
  private boolean finished;
  private int depth;

  /**
   * @param submittedNanos when the request came in, on the clock of all other instants
   */
  public TokenPacer(QoeSpec spec, long submittedNanos, Start start, Ending ending) {
    this.submittedNanos = submittedNanos;
    this.secondsPerToken = spec.secondsPerToken();
    this.gap = (long) Math.ceil(secondsPerToken * 1e9);
    this.ending = ending;
    this.earliest = start == Start.AT_TARGET ? (long) Math.ceil(spec.ttftSeconds() * 1e9) : 0;
  }

  /**
   * Takes a token in.
   *
   * @throws IllegalStateException after the end
   */
  public void add(T token, long nowNanos) {
    add(token, nowNanos, 1);
  }

  /**
   * Takes something in that comes out as a whole and takes as long to read as so many tokens.
   *
   * @param tokens 0 or more
   * @throws IllegalStateException after the end
   */
  public void add(T whole, long nowNanos, int tokens) {
    if (finished) {
      throw new IllegalStateException("a token after the end of the answer");
    }
    if (tokens < 0) {
      throw new IllegalArgumentException("tokens must not be negative, not " + tokens);
    }
    lastArrival = Math.max(lastArrival, nowNanos - submittedNanos);
    buffer.add(new Waiting<>(whole, lastArrival, tokens));
    depth += tokens;
  }

  /** The tokens due by now, in order. */
  public List<T> poll(long nowNanos) {
    if (flushing()) {
      return drain();
    }
    List<T> due = new ArrayList<>();
    while (!buffer.isEmpty() && headDue() <= nowNanos - submittedNanos) {
      long at = headDue();
      Waiting<T> next = buffer.remove();
      earliest = at + gap * next.tokens();
      depth -= next.tokens();
      due.add(next.token());
    }
    return due;
  }

  /** When the next poll hands something out, empty if the buffer is. */
  public OptionalLong nextNanos() {
    if (buffer.isEmpty()) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(submittedNanos + (flushing() ? buffer.element().arrival() : headDue()));
  }

  /** No more tokens will come. What is buffered is let go as the {@link Ending} says. */
  public void finish() {
    finished = true;
  }

  /** All that is left, due or not; what comes later is due when it comes, or at its pace. */
  public List<T> flush() {
    return drain();
  }

  /** Ends it now, whatever the {@link Ending}, and gives all that is left. */
  public List<T> cancel() {
    finished = true;
    return drain();
  }

  /** Whether the answer ended and everything was handed out. */
  public boolean done() {
    return finished && buffer.isEmpty();
  }

  /** Tokens taken in and not handed out yet. */
  public int depth() {
    return depth;
  }

  /** How long the buffer feeds the reader if nothing more comes, seconds: depth times 1/r. */
  public double slackSeconds() {
    return depth * secondsPerToken;
  }

  private boolean flushing() {
    return finished && ending == Ending.FLUSH;
  }

  private long headDue() {
    return Math.max(buffer.element().arrival(), earliest);
  }

  private List<T> drain() {
    List<T> rest = buffer.stream().map(Waiting::token).toList();
    buffer.clear();
    depth = 0;
    return rest;
  }
}
