package dev.andante.engine.scheduler;

import dev.andante.qoe.latency.DecodeCoefficients;

/**
 * What a step has left for drafts and prompts: rows, and time if decodes are in it that must not
 * wait too long for their next token.
 */
final class StepBudget {

  private final DecodeCoefficients cost;
  private final int minChunk;
  private int rows;
  private double seconds;
  private int assured;
  private boolean cut;

  private StepBudget(int rows, double seconds, DecodeCoefficients cost, int minChunk) {
    this.rows = rows;
    this.seconds = seconds;
    this.cost = cost;
    this.minChunk = minChunk;
    this.assured = minChunk;
  }

  /** As long as it takes. */
  static StepBudget ofRows(int rows) {
    return new StepBudget(rows, Double.POSITIVE_INFINITY, DecodeCoefficients.PRIOR, 1);
  }

  /**
   * @param rows beside those of the decodes
   * @param seconds beside those of the decodes; may be negative
   * @param minChunk rows for prompts whatever the time
   */
  static StepBudget ofTime(int rows, double seconds, DecodeCoefficients cost, int minChunk) {
    return new StepBudget(rows, seconds, cost, minChunk);
  }

  /** Whether a prompt may begin: there are rows, and time or assured rows. */
  boolean isOpen() {
    return rows > 0 && (assured > 0 || seconds >= seconds(0, 1));
  }

  /** Whether there was less for prompts than rows would have allowed. */
  boolean wasCut() {
    return cut;
  }

  /** How many rows of {@code wanted} there are for drafts of a request with so much context. */
  int drafts(long context, int wanted, boolean promptsWait) {
    int most = Math.min(wanted, rows - (promptsWait && timed() ? Math.min(rows, assured) : 0));
    return Math.max(0, Math.min(most, fitting(context, most)));
  }

  void takeDrafts(long context, int drafts) {
    rows -= drafts;
    seconds -= seconds(context, drafts);
  }

  /**
   * Takes the rows of a chunk.
   *
   * @param context tokens before it
   * @param pending rows wanted, at least 1
   * @return rows taken; 0 if there are none, or no time
   */
  int takeChunk(long context, int pending) {
    int most = Math.min(pending, rows);
    int chunk = most;
    int fitting = fitting(context, most);
    if (fitting < most) {
      int whole = fitting - fitting % minChunk;
      chunk = Math.min(most, Math.max(whole, assured));
      cut |= chunk < most;
    }
    rows -= chunk;
    assured = Math.max(0, assured - chunk);
    seconds -= seconds(context, chunk);
    return chunk;
  }

  /** The most rows, up to {@code most}, for which the time suffices. */
  private int fitting(long context, int most) {
    if (!timed() || seconds(context, most) <= seconds) {
      return most;
    }
    int low = 0;
    int high = most;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (seconds(context, middle) <= seconds) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private double seconds(long context, int more) {
    return cost.perRequest() * more + cost.perContext() * StepTime.pairs(context, more);
  }

  private boolean timed() {
    return seconds < Double.POSITIVE_INFINITY;
  }
}
