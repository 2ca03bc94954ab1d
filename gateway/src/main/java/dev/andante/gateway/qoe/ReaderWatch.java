package dev.andante.gateway.qoe;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.Experience;
import dev.andante.qoe.DeliveryTimeline;
import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.QoeSpec;
import java.util.OptionalDouble;
import java.util.function.DoubleConsumer;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Judges each answer of one streamed response by when its text was handed to the connection.
 *
 * <ul>
 *   <li>An answer that ends counts as what its reader had of it. One without text counts as one
 *       token, that came when it ended.
 *   <li>What we refuse, or fail to finish, counts as 0, whatever had been delivered. A request that
 *       is at fault itself (400) does not count.
 *   <li>A reader who leaves has seen what was there by then: what was due and missing counts as
 *       arriving at that moment. One who leaves with nothing counts as 0, or not at all before the
 *       first token was due.
 * </ul>
 *
 * For one response; any thread.
 */
public final class ReaderWatch {

  private final IntFunction<QoeSpec> expectations;
  private final IntSupplier promptTokens;
  private final DoubleConsumer judgement;
  private final long submittedNanos;
  private final LongSupplier clock;
  private final @Nullable DeliveryTimeline[] timelines;
  private final boolean[] over;
  private int judged;
  private double sum;

  /**
   * @param answers of the response
   * @param expectations by the tokens of the prompt
   * @param promptTokens as far as they are known
   * @param judgement hears the QoE of each answer that counts
   * @param clock as {@link System#nanoTime}
   */
  public ReaderWatch(
      int answers,
      IntFunction<QoeSpec> expectations,
      IntSupplier promptTokens,
      DoubleConsumer judgement,
      LongSupplier clock) {
    this.expectations = expectations;
    this.promptTokens = promptTokens;
    this.judgement = judgement;
    this.clock = clock;
    this.submittedNanos = clock.getAsLong();
    this.timelines = new @Nullable DeliveryTimeline[answers];
    this.over = new boolean[answers];
  }

  /** The answers, watched; each end says what the reader had of it. */
  public Flux<Answer> over(Flux<Answer> answers) {
    return answers.map(this::delivered).doOnError(this::failed).doOnCancel(this::left);
  }

  /** Mean QoE of the answers judged so far; empty while there are none. */
  public synchronized OptionalDouble mean() {
    return judged == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum / judged);
  }

  private synchronized Answer delivered(Answer answer) {
    int index = answer.index();
    return switch (answer) {
      case Answer.Start start -> {
        timelines[index] =
            new DeliveryTimeline(expectations.apply(start.prompt().length), submittedNanos);
        yield start;
      }
      case Answer.Piece piece -> {
        if (piece.visible() > 0) {
          timeline(index).delivered(clock.getAsLong(), piece.visible());
        }
        yield piece;
      }
      case Answer.End end -> end.experienced(finish(index));
    };
  }

  private Experience finish(int index) {
    DeliveryTimeline timeline = timeline(index);
    long now = clock.getAsLong();
    if (timeline.state() == DeliveryTimeline.State.QUEUED) {
      timeline.delivered(now);
    }
    timeline.finish();
    double v2 = timeline.qoe(QoeMetric.V2, now);
    judge(index, v2);
    return new Experience(v2, timeline.qoe(QoeMetric.V1, now));
  }

  private DeliveryTimeline timeline(int index) {
    DeliveryTimeline timeline = timelines[index];
    if (timeline == null) {
      throw new IllegalStateException("answer " + index + " did not start");
    }
    return timeline;
  }

  /** The response failed before it was complete, or was refused. */
  public synchronized void failed(Throwable error) {
    if (error instanceof ApiException api && api.status() < 500 && api.status() != 429) {
      return;
    }
    for (int i = 0; i < over.length; i++) {
      judge(i, 0);
    }
  }

  private synchronized void left() {
    long now = clock.getAsLong();
    for (int i = 0; i < over.length; i++) {
      DeliveryTimeline timeline = timelines[i];
      if (timeline != null && timeline.state() == DeliveryTimeline.State.RUNNING) {
        judge(i, timeline.qoe(QoeMetric.V2, now));
      } else if ((now - submittedNanos) / 1e9
          > expectations.apply(promptTokens.getAsInt()).ttftSeconds()) {
        judge(i, 0);
      }
    }
  }

  private void judge(int index, double qoe) {
    if (!over[index]) {
      over[index] = true;
      judged++;
      sum += qoe;
      judgement.accept(qoe);
    }
  }
}
