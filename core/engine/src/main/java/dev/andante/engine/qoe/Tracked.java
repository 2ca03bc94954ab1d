package dev.andante.engine.qoe;

import dev.andante.engine.kvcache.CachedKv;
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
  private long token;
  private CachedKv.Extent found = new CachedKv.Extent(0, 0);
  private int level;
  private long position;

  /**
   * @param askedNanos when its reader asked for it, wherever
   */
  Tracked(Request request, QoeSpec spec, long askedNanos, long nowNanos) {
    this.request = request;
    this.asked = askedNanos;
    this.since = nowNanos;
    this.token = nowNanos;
    boolean whole = request.standing().reader().whole();
    this.timeline =
        new DeliveryTimeline(whole ? Reading.wholeNone(spec) : Reading.none(spec), askedNanos);
    this.position = request.arrival();
    progress(nowNanos); // tokens that were generated elsewhere
  }

  /**
   * What was generated since is with the reader.
   *
   * @return whether anything was
   */
  boolean progress(long nowNanos) {
    int more = request.generated() - delivered;
    if (more > 0) {
      timeline.delivered(nowNanos, more);
      delivered += more;
      token = nowNanos;
    }
    return more > 0;
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

  /** Notes what it would find if it started now; for the decision that follows. */
  void find(CachedKv kv) {
    if (!holdsBlocks()) {
      found = kv.extent(request.blocks(), request.tokens(), request.size());
    }
  }

  private boolean holdsBlocks() {
    return request.blocks().size() > 0;
  }

  /** Tokens of a request that waits and ran before whose KV is somewhere, to be loaded one day. */
  int owed(QoePolicy.Limits limits) {
    if (holdsBlocks()) {
      return keepable(limits);
    }
    // What one finds that never ran others left behind.
    return request.generated() == 0 ? 0 : found.pooled() + found.inMemory();
  }

  /**
   * As a decision sees it, after {@link #find}.
   *
   * @param room tokens whose KV the memory below the pool can take
   */
  BatchRequest snapshot(QoePolicy.Limits limits, long room) {
    boolean holds = holdsBlocks();
    int cached = holds ? Math.min(request.computed(), request.size() - 1) : found.pooled();
    int loadable = holds ? 0 : found.inMemory();
    // It grows by a block at most until the next decision; one that fills the memory alone grows
    // no further.
    int size = limits.blockSize();
    int blocks = (request.size() + size - 1) / size + 1;
    int context =
        Math.max((int) Math.min((long) blocks * size, limits.capacityTokens()), request.size());
    int kept = Math.clamp(room, 0, keepable(limits)) / size * size;
    return new BatchRequest(
        request.arrival(),
        context,
        cached,
        timeline.reading(),
        asked,
        since,
        loadable,
        kept,
        holds && request.decoding(),
        token);
  }

  /** Tokens in blocks that will be full before it leaves; of what is foreign nothing is kept. */
  private int keepable(QoePolicy.Limits limits) {
    return request.blocks().isForeign()
        ? 0
        : request.size() / limits.blockSize() * limits.blockSize();
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
