package dev.andante.engine.request;

import dev.andante.engine.Reader;

/**
 * Where a request stands in the order in which requests are served. What the order is decides the
 * scheduler's policy; here is only what came out last. Engine thread only.
 */
public final class Standing implements Comparable<Standing> {

  private final long arrival;
  private int priority;
  private Reader reader = Reader.UNKNOWN;
  private int level;
  private long position;
  private int sizeAtStart;

  Standing(long arrival) {
    this.arrival = arrival;
    this.position = arrival;
  }

  /** How urgent whoever sent it says it is: higher goes first, 0 is usual. */
  public int priority() {
    return priority;
  }

  public void priority(int urgency) {
    priority = urgency;
  }

  public Reader reader() {
    return reader;
  }

  public void reader(Reader who) {
    reader = who;
  }

  public int level() {
    return level;
  }

  /**
   * @param newLevel lower goes first, and may take what a higher one holds
   * @param newPosition within the level: lower goes first, and takes nothing
   */
  public void place(int newLevel, long newPosition) {
    level = newLevel;
    position = newPosition;
  }

  /** Whether it may take the other one's place in the batch, or its blocks. */
  public boolean outranks(Standing other) {
    return level < other.level;
  }

  /** It gets a place in the batch with so many tokens known. */
  public void started(int size) {
    sizeAtStart = size;
  }

  /** Tokens known when it got its place in the batch last. */
  public int sizeAtStart() {
    return sizeAtStart;
  }

  /** By level, position and arrival. Not consistent with equals, since no two arrive as one. */
  @Override
  public int compareTo(Standing other) {
    int byLevel = Integer.compare(level, other.level);
    if (byLevel != 0) {
      return byLevel;
    }
    int byPosition = Long.compare(position, other.position);
    return byPosition != 0 ? byPosition : Long.compare(arrival, other.arrival);
  }
}
