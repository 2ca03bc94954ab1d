package dev.andante.gateway.qoe;

import dev.andante.gateway.pipeline.Answer;
import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.TokenPacer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One answer on its way to a reader: its text waits for them, its end waits for its text. One
 * thread at a time.
 */
final class PacedAnswer {

  private final TokenPacer<Answer> pacer;
  private Answer.@Nullable End end;
  private int characters;
  private double slackSeconds;

  PacedAnswer(QoeSpec spec, long submittedNanos) {
    this.pacer =
        new TokenPacer<>(
            spec, submittedNanos, TokenPacer.Start.AT_ONCE, TokenPacer.Ending.KEEP_PACE);
  }

  void add(Answer.Piece piece, long nowNanos) {
    for (Answer.Piece part : Pieces.apart(piece, characters)) {
      pacer.add(part, nowNanos, part.visible());
    }
    characters += piece.text().length();
    slackSeconds = Math.max(slackSeconds, pacer.slackSeconds());
  }

  void end(Answer.End last) {
    end = last;
    pacer.finish();
  }

  /** What is due; the end as soon as all text is out. */
  List<Answer> poll(long nowNanos) {
    return withEnd(pacer.poll(nowNanos));
  }

  /** All that is there. */
  List<Answer> flush() {
    return withEnd(pacer.flush());
  }

  private List<Answer> withEnd(List<Answer> text) {
    if (end == null || !pacer.done()) {
      return text;
    }
    List<Answer> out = new ArrayList<>(text);
    out.add(end);
    end = null;
    return out;
  }

  /** When there is something due, empty if nothing waits. */
  OptionalLong nextNanos() {
    return pacer.nextNanos();
  }

  /** Whether all of it was handed out. */
  boolean over() {
    return pacer.done() && end == null;
  }

  /** The most text that waited at once, in seconds of reading. */
  double greatestSlackSeconds() {
    return slackSeconds;
  }
}
