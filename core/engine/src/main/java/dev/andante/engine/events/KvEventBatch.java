package dev.andante.engine.events;

import dev.andante.engine.kvcache.KvEvent;
import java.util.List;

/**
 * Consecutive events, or a part of what they amount to.
 *
 * @param sequence events of the engine from its start to the last of these
 * @param resync whether this replaces all that is known: with the batches that follow, until one
 *     has nothing remaining, it is all that the engine holds, as events that store it
 * @param remaining of a resync, events still to come
 * @param events in order; of a resync, none if the engine holds nothing
 */
public record KvEventBatch(long sequence, boolean resync, int remaining, List<KvEvent> events) {

  public KvEventBatch {
    events = List.copyOf(events);
  }
}
