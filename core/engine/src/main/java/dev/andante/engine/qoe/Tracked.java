package dev.andante.engine.qoe;

import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import dev.andante.qoe.DeliveryTimeline;
import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.Reading;
import dev.andante.qoe.batch.BatchRequest;

/** What the policy knows of a request beside what the request says itself. */
final class Tracked {

  private final Request request;
  private final long asked;
  private final DeliveryTimeline timeline;
  private int delivered;
  private boolean running;
  private long since;
  private int level;
  private long position;

  /**
   * @param askedNanos when its reader asked for it, wherever
   */
  Tracked(Request request, QoeSpec spec, long askedNanos, long nowNanos) {
    this.request = request;
    this.asked = askedNanos;
    this.since = nowNanos;
    boolean whole = request.standing().reader().whole();
    this.timeline =
        new DeliveryTimeline(whole ? Reading.wholeNone(spec) : Reading.none(spec), askedNanos);
    this.position = request.arrival();
    progress(nowNanos); // tokens that were generated elsewhere
  }

  /** What was generated since is with the reader. */
  void progress(long nowNanos) {
    int more = request.generated() - delivered;
    if (more > 0) {
      timeline.delivered(nowNanos, more);
      delivered += more;
    }
  }

  /** Notes whether it runs, and since when. */
  void look(long nowNanos) {
    boolean runs = request.state() == RequestState.RUNNING;
    if (runs != running) {
      running = runs;
      since = nowNanos;
    }
  }

  boolean running() {
    return running;
  }

  /**
   * As a decision sees it.
   *
   * @param blockSize it grows by a block at most until the next decision
   * @param capacityTokens one that fills the memory alone grows no further
   */
  BatchRequest snapshot(int blockSize, long capacityTokens) {
    int blocks = (request.size() + blockSize - 1) / blockSize + 1;
    int context = (int) Math.min((long) blocks * blockSize, capacityTokens);
    return new BatchRequest(
        request.arrival(),
        Math.max(context, request.size()),
        Math.min(request.computed(), request.size() - 1),
        timeline.reading(),
        asked,
        since,
        false);
  }

  int level() {
    return level;
  }

  long position() {
    return position;
  }

  void place(int newLevel, long newPosition) {
    level = newLevel;
    position = newPosition;
  }

  Request request() {
    return request;
  }
}
