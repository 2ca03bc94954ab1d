package dev.andante.gateway.pipeline;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an answer consists of, in order. */
public sealed interface Answer {

  int index();

  /**
   * More of an answer.
   *
   * @param text never ends within a character or a stop string
   * @param tokens those the text came from and those that gave no text. A token comes when some of
   *     its text does; in the last piece all come that are left, the end token and those that a
   *     stop string cut off included
   * @param visible how many of {@code tokens}, from the start, have a part in the answer's text
   */
  record Piece(int index, String text, List<AnswerToken> tokens, int visible) implements Answer {}

  /**
   * The last of an answer.
   *
   * @param experience null where nobody read it as it came
   */
  record End(
      int index,
      Finish finish,
      int promptTokens,
      int generatedTokens,
      ServingFigures figures,
      @Nullable Experience experience)
      implements Answer {

    public End experienced(Experience by) {
      return new End(index, finish, promptTokens, generatedTokens, figures, by);
    }
  }

  /** Why an answer ended, by its name on the wire. */
  enum Finish {
    STOP,
    LENGTH;

    public String wireName() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** The prompt's ids, before anything else of the answer. */
  record Start(int index, int[] prompt) implements Answer {}
}
