package dev.andante.engine.tiers;

import dev.andante.engine.KvTierObserver;
import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.KvTier;
import java.util.function.Consumer;

/** Tells of one tier's changes, as events and for metrics. */
final class TierNews {

  private final KvTier tier;
  private final long bytesPerBlock;
  private final Consumer<? super KvEvent> events;
  private final KvTierObserver observer;

  /**
   * @param bytesPerBlock that a block takes in this tier
   */
  TierNews(
      KvTier tier, long bytesPerBlock, Consumer<? super KvEvent> events, KvTierObserver observer) {
    this.tier = tier;
    this.bytesPerBlock = bytesPerBlock;
    this.events = events;
    this.observer = observer;
    observer.onOpen(tier);
  }

  /** The content can be found from now on. */
  void stored(NamedContent content, int used) {
    events.accept(new KvEvent.Stored(content.key(), content.parent(), content.depth(), tier));
    observer.onStored(tier, bytesPerBlock);
    observer.onUsed(tier, used * bytesPerBlock);
  }

  void removed(BlockKey key, int used) {
    events.accept(new KvEvent.Removed(key, tier));
    observer.onUsed(tier, used * bytesPerBlock);
  }

  void dropped() {
    observer.onDropped(tier);
  }

  void damaged() {
    observer.onDamaged(tier);
  }

  void loaded(int blocks, long nanos) {
    observer.onLoaded(tier, blocks, blocks * bytesPerBlock, nanos);
  }

  void failed() {
    events.accept(new KvEvent.Cleared(tier));
    observer.onFailed(tier);
    observer.onUsed(tier, 0);
  }
}
