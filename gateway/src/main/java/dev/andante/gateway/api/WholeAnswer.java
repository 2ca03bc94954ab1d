package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.AnswerToken;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects one answer. One thread at a time. */
final class WholeAnswer {

  private final int index;
  private final StringBuilder text = new StringBuilder();
  private final List<AnswerToken> tokens = new ArrayList<>();
  private final List<AnswerToken> visible = new ArrayList<>();
  private int[] prompt = {};
  private Answer.@Nullable End end;

  WholeAnswer(int index) {
    this.index = index;
  }

  void add(Answer answer) {
    switch (answer) {
      case Answer.Start start -> prompt = start.prompt();
      case Answer.Piece piece -> {
        text.append(piece.text());
        tokens.addAll(piece.tokens());
        visible.addAll(piece.tokens().subList(0, piece.visible()));
      }
      case Answer.End last -> end = last;
    }
  }

  int index() {
    return index;
  }

  String text() {
    return text.toString();
  }

  List<AnswerToken> tokens() {
    return tokens;
  }

  /** The tokens that have a part in the answer's text. */
  List<AnswerToken> visible() {
    return visible;
  }

  int[] prompt() {
    return prompt;
  }

  Answer.End end() {
    Answer.End last = end;
    if (last == null) {
      throw new IllegalStateException("answer " + index + " has not ended");
    }
    return last;
  }
}
