package dev.andante.compute;

/**
 * How long a helper spins for work before it parks. Long enough for the gaps between the operations
 * of a pass while the core is its own: to be woken costs more than to spin. Short for some time
 * after it lost the core to somebody else, which shows as a jump of the clock between two looks:
 * time spun away is time that the scheduler does not give to work then. Used by one thread.
 */
final class Patience {

  static final long LONG_NANOS = 100_000;
  static final long SHORT_NANOS = 30_000;

  /** Two looks of a thread that runs are less than this apart. */
  static final long LOST_NANOS = 250_000;

  /** Time after a loss in which the core counts as shared. */
  static final long SHARED_NANOS = 200_000_000;

  private long began;
  private long looked;
  private long sharedUntil;

  /**
   * @param now time of {@link System#nanoTime}, as everywhere here
   */
  Patience(long now) {
    began = now;
    looked = now;
    sharedUntil = now;
  }

  /** Begins to wait anew, after work or a park. */
  void restart(long now) {
    began = now;
    looked = now;
  }

  /** Whether to go on spinning; to be asked in every turn. */
  boolean lasts(long now) {
    if (now - looked > LOST_NANOS) {
      sharedUntil = now + SHARED_NANOS;
    }
    looked = now;
    return now - began < (now - sharedUntil < 0 ? SHORT_NANOS : LONG_NANOS);
  }
}
