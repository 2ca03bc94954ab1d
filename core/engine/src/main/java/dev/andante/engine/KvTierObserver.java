package dev.andante.engine;

import dev.andante.engine.kvcache.KvTier;

/**
 * Counts what the tiers below the KV pool do, for metrics. Called on the engine thread; must be
 * cheap. Every method may be left out.
 */
public interface KvTierObserver {

  /** Hears nothing. */
  KvTierObserver NONE = new KvTierObserver() {};

  /** A tier is there. */
  default void onOpen(KvTier tier) {}

  /** A block was written to the tier. */
  default void onStored(KvTier tier, long bytes) {}

  /** So many blocks of one sequence were loaded to the pool in {@code nanos}. */
  default void onLoaded(KvTier tier, int blocks, long bytes, long nanos) {}

  /** The tier holds so much now. */
  default void onUsed(KvTier tier, long bytes) {}

  /** A block was lost since the tier could not take it at once. */
  default void onDropped(KvTier tier) {}

  /** A block turned out not to be what was written, and was given up. */
  default void onDamaged(KvTier tier) {}

  /** The tier failed, and is off from now on. */
  default void onFailed(KvTier tier) {}
}
