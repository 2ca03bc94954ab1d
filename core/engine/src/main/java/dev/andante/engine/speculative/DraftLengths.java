package dev.andante.engine.speculative;

import dev.andante.qoe.latency.DecodeCoefficients;
import java.util.List;

/**
 * How many draft tokens each answer of a step should bring: as many as make the most tokens a
 * second (SmartSpec, arXiv 2406.14066, with a length for each answer), which may be none.
 *
 * <p>With E tokens expected of a step of T seconds, a row more that is right with probability p and
 * costs c seconds makes E/T greater iff p/c is greater than E/T. So rows are taken in falling order
 * of p until that fails; the k-th draft token of an answer whose tokens are right with probability
 * α has p = α^k.
 */
public final class DraftLengths {

  /** Of an answer of which nothing is known. */
  private static final double PRIOR = 0.7;

  /** Beyond so many rows none are drafts: a step is then as long as its products are. */
  private static final int MOST_ROWS = 64;

  /** After so many steps without a draft one is tried, since costs and answers change. */
  private static final int PROBE_EVERY = 64;

  /** Rows of that try. */
  private static final int PROBE_ROWS = 4;

  private final Acceptance everywhere = Acceptance.ofEngine();
  private double[] chance = new double[16];
  private int[] lengths = new int[16];
  private int stepsWithout;

  /** A draft of some answer was verified; see {@link Acceptance#verified}. */
  public void verified(int drafted, int right) {
    everywhere.verified(drafted, right);
  }

  /**
   * Chooses for one step.
   *
   * @param answers those that speculate; each is told its length
   * @param rows of the step without drafts; each is taken to be worth a token
   * @param pairs of a row and a token it attends to, without drafts
   */
  public void choose(
      List<? extends Speculating> answers, long rows, long pairs, DecodeCoefficients cost) {
    int count = answers.size();
    if (chance.length < count) {
      chance = new double[2 * count];
      lengths = new int[2 * count];
    }
    double prior = everywhere.rate(PRIOR);
    for (int i = 0; i < count; i++) {
      lengths[i] = 0;
      chance[i] = answers.get(i).acceptance().rate(prior);
    }
    double tokens = rows;
    double seconds = cost.seconds(rows, pairs);
    for (long left = MOST_ROWS - rows; left > 0; left--) {
      int best = best(answers);
      if (best < 0) {
        break;
      }
      double more = cost.perRequest() + cost.perContext() * answers.get(best).context();
      if (chance[best] * seconds <= more * tokens) {
        break;
      }
      tokens += chance[best];
      seconds += more;
      lengths[best]++;
      chance[best] *= answers.get(best).acceptance().rate(prior);
    }
    if (tokens > rows) {
      stepsWithout = 0;
    } else if (++stepsWithout >= PROBE_EVERY && rows + PROBE_ROWS <= MOST_ROWS) {
      stepsWithout = 0;
      probe(answers);
    }
    tell(answers);
  }

  /** Steps that are all alike do not tell what a row costs; what is not tried is never right. */
  private void probe(List<? extends Speculating> answers) {
    int best = best(answers);
    if (best >= 0) {
      lengths[best] = Math.min(PROBE_ROWS, answers.get(best).room());
    }
  }

  private void tell(List<? extends Speculating> answers) {
    boolean none = true;
    for (int i = 0; i < answers.size(); i++) {
      answers.get(i).draftLength(lengths[i]);
      if (lengths[i] == 0) {
        answers.get(i).acceptance().paused();
      }
      none &= lengths[i] == 0;
    }
    if (none) {
      everywhere.paused();
    }
  }

  /** The answer whose next draft token is the likeliest to be right; -1 if there is none. */
  private int best(List<? extends Speculating> answers) {
    int best = -1;
    for (int i = 0; i < answers.size(); i++) {
      if (lengths[i] < answers.get(i).room() && (best < 0 || chance[i] > chance[best])) {
        best = i;
      }
    }
    return best;
  }

  /** An answer that may be given drafts. */
  public interface Speculating {

    Acceptance acceptance();

    /** Tokens that a row of it attends to. */
    int context();

    /** Draft tokens that can be of use at most. */
    int room();

    /** So many should be asked for and verified. */
    void draftLength(int tokens);
  }
}
