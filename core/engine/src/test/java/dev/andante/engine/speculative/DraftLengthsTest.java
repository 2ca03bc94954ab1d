package dev.andante.engine.speculative;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.speculative.DraftLengths.Speculating;
import dev.andante.qoe.latency.DecodeCoefficients;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class DraftLengthsTest {

  private static final int MOST = 8;

  /** Reading the weights takes as long as 20 rows. */
  private static final DecodeCoefficients COST = new DecodeCoefficients(20e-3, 1e-3, 1e-9);

  private static final class Answer implements Speculating {

    private final Acceptance acceptance = Acceptance.ofAnswer();
    private int length = -1;

    /** One whose drafts were right that often, so many times. */
    Answer(double rate, int times) {
      for (int i = 1; i <= times; i++) {
        acceptance.verified(1, (int) (i * rate) - (int) ((i - 1) * rate));
      }
    }

    @Override
    public Acceptance acceptance() {
      return acceptance;
    }

    @Override
    public int context() {
      return 100;
    }

    @Override
    public int room() {
      return MOST;
    }

    @Override
    public void draftLength(int tokens) {
      length = tokens;
    }
  }

  private static int rows(List<Answer> answers) {
    return answers.stream().mapToInt(answer -> answer.length).sum();
  }

  @Test
  void anAnswerWhoseDraftsAreRightGetsMore() {
    List<Answer> answers = List.of(new Answer(1, 100), new Answer(0, 100));

    new DraftLengths().choose(answers, 2, 200, COST);

    assertThat(answers.getFirst().length).isEqualTo(MOST);
    assertThat(answers.getLast().length).isZero();
  }

  @Test
  void aFullStepLeavesDraftsOut() {
    List<Answer> answers = List.of(new Answer(0.5, 100));
    DraftLengths lengths = new DraftLengths();

    lengths.choose(answers, 1, 100, COST);
    assertThat(answers.getFirst().length).isPositive();

    lengths.choose(answers, 40, 4000, COST);
    assertThat(answers.getFirst().length).isZero();
  }

  @Test
  void whatWasGivenUpIsTriedAgain() {
    Answer answer = new Answer(0, 100);
    DraftLengths lengths = new DraftLengths();
    for (int i = 0; i < 500; i++) {
      lengths.verified(1, 0);
    }
    int steps = 0;
    do {
      lengths.choose(List.of(answer), 1, 100, COST);
      steps++;
    } while (answer.length == 0 && steps < 10_000);

    assertThat(steps).isBetween(2, 9_999);
  }

  @Test
  void oneStepInManyTriesWhateverTheCostsSay() {
    Answer answer = new Answer(1, 100);
    DecodeCoefficients allInRows = new DecodeCoefficients(0, 1e-3, 0);
    DraftLengths lengths = new DraftLengths();
    int tried = 0;
    for (int step = 0; step < 640; step++) {
      lengths.choose(List.of(answer), 1, 100, allInRows);
      tried += answer.length > 0 ? 1 : 0;
    }
    assertThat(tried).isEqualTo(10);
  }

  @Property(tries = 200)
  void noOtherLengthsMakeMoreTokensASecond(
      @ForAll @Size(min = 1, max = 3) List<@DoubleRange(min = 0, max = 1) Double> rates,
      @ForAll @IntRange(min = 0, max = 30) int others,
      @ForAll @IntRange(min = 0, max = 50_000) int baseMicros) {
    DecodeCoefficients cost = new DecodeCoefficients(baseMicros / 1e6, 1e-3, 0);
    List<Answer> answers = new ArrayList<>();
    rates.forEach(rate -> answers.add(new Answer(rate, 200)));
    List<Double> believed = answers.stream().map(a -> a.acceptance.rate(0.7)).toList();
    int rows = answers.size() + others;

    new DraftLengths().choose(answers, rows, 0, cost);

    double chosen = rate(believed, answers.stream().map(a -> a.length).toList(), rows, cost);
    for (int i = 0; i < Math.pow(MOST + 1, answers.size()); i++) {
      List<Integer> other = new ArrayList<>();
      for (int left = i, a = 0; a < answers.size(); a++, left /= MOST + 1) {
        other.add(left % (MOST + 1));
      }
      assertThat(chosen).isGreaterThanOrEqualTo(rate(believed, other, rows, cost) * (1 - 1e-9));
    }
  }

  /** Expected tokens a second. */
  private static double rate(
      List<Double> believed, List<Integer> lengths, int rows, DecodeCoefficients cost) {
    double tokens = rows;
    int drafts = 0;
    for (int i = 0; i < believed.size(); i++) {
      double chance = 1;
      for (int k = 0; k < lengths.get(i); k++) {
        chance *= believed.get(i);
        tokens += chance;
      }
      drafts += lengths.get(i);
    }
    return tokens / cost.seconds(rows + drafts, 0);
  }

  @Test
  void noDraftsBeyondTheRowsOfAStep() {
    List<Answer> answers = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      answers.add(new Answer(1, 100));
    }

    new DraftLengths().choose(answers, 60, 6000, COST);

    assertThat(rows(answers)).isEqualTo(4);
  }
}
