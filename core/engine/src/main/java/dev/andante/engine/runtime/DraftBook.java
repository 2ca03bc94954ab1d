package dev.andante.engine.runtime;

import dev.andante.engine.DraftSource;
import dev.andante.engine.DraftSource.Draft;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Keeps a {@link DraftSource} informed and attaches its proposals to requests. Waits for
 * outstanding proposals only within the configured bound, and after several waits in vain not at
 * all for a while, so that a slow or lost source costs next to nothing.
 */
final class DraftBook {

  /** Fruitless waits in a row after which waiting stops. */
  static final int PATIENCE = 3;

  /** Steps without waiting after that. */
  static final int PAUSE_STEPS = 256;

  private static final System.Logger LOG = System.getLogger(DraftBook.class.getName());

  /** What the source was told of a sequence. */
  private static final class Entry {
    final Request request;
    int told;
    int awaited = -1;

    Entry(Request request) {
      this.request = request;
    }
  }

  private final DraftSource source;
  private final int maxDraftTokens;
  private final int vocabulary;
  private final long waitNanos;
  private final Map<String, Entry> entries = new HashMap<>();
  private int fruitless;
  private int pause;
  private boolean failing;

  DraftBook(DraftSource source, int maxDraftTokens, int vocabulary, long waitNanos) {
    this.source = source;
    this.maxDraftTokens = maxDraftTokens;
    this.vocabulary = vocabulary;
    this.waitNanos = waitNanos;
  }

  /**
   * Attaches what has arrived, waiting for what is outstanding if that seems worth while, and no
   * longer than those wait who would profit.
   */
  void collect(long now) {
    if (entries.isEmpty()) {
      return;
    }
    long most = pause == 0 ? Math.min(waitNanos, outstanding(now)) : 0;
    boolean wait = most > 0;
    List<Draft> drafts;
    try {
      drafts = source.propose(wait ? most : 0);
      failing = false;
    } catch (RuntimeException e) {
      failed(e);
      drafts = List.of();
    }
    boolean any = false;
    for (Draft draft : drafts) {
      any |= attach(draft);
    }
    pause = Math.max(0, pause - 1);
    if (any) {
      fruitless = 0;
      pause = 0;
    } else if (wait && ++fruitless >= PATIENCE) {
      fruitless = 0;
      pause = PAUSE_STEPS;
    }
  }

  /** A request gained tokens, or starts to decode. */
  void appended(Request request) {
    if (maxDraftTokens == 0 || !request.speculates()) {
      return;
    }
    Entry entry = entries.computeIfAbsent(name(request), name -> new Entry(request));
    int want = Math.min(maxDraftTokens, request.remaining() - 1);
    if (want < 1) {
      entry.awaited = -1;
      return;
    }
    try {
      source.append(name(request), entry.told, request.tokensFrom(entry.told), want);
      entry.told = request.size();
      entry.awaited = request.size();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  void ended(Request request) {
    Entry entry = entries.remove(name(request));
    if (entry != null && entry.told > 0) {
      try {
        source.end(name(request));
      } catch (RuntimeException e) {
        failed(e);
      }
    }
  }

  void close() {
    entries.clear();
    try {
      source.close();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "draft source failed to close", e);
    }
  }

  /** Whether the draft is an answer to what was asked last. */
  private boolean attach(Draft draft) {
    Entry entry = entries.get(draft.sequence());
    if (entry == null || draft.position() != entry.request.size()) {
      return false;
    }
    entry.awaited = -1;
    int valid = 0;
    int limit = Math.min(draft.tokens().length, maxDraftTokens);
    while (valid < limit && draft.tokens()[valid] >= 0 && draft.tokens()[valid] < vocabulary) {
      valid++;
    }
    entry.request.drafts(Arrays.copyOf(draft.tokens(), valid));
    return true;
  }

  /** The most time that is left to a request whose draft is outstanding; 0 if there is none. */
  private long outstanding(long now) {
    long left = 0;
    for (Entry entry : entries.values()) {
      if (entry.awaited == entry.request.size()
          && entry.request.state() == RequestState.RUNNING
          && entry.request.decoding()) {
        left = Math.max(left, entry.request.times().left(now));
      }
    }
    return left;
  }

  /** Told once until the source works again. */
  private void failed(RuntimeException e) {
    if (!failing) {
      LOG.log(System.Logger.Level.WARNING, "draft source failed; decoding goes on without", e);
    }
    failing = true;
  }

  private static String name(Request request) {
    return request.attempt().requestId() + "/" + request.attempt().epoch();
  }
}
