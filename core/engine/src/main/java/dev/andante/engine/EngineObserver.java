package dev.andante.engine;

import dev.andante.engine.kvcache.KvEvent;
import java.util.List;

/**
 * Counts what the engine does, for metrics. Called on the engine thread; must be cheap. Every
 * method may be left out.
 */
public interface EngineObserver {

  /** Hears nothing. */
  EngineObserver NONE = new EngineObserver() {};

  /** One step ran {@code tokens} rows for {@code requests} requests in {@code nanos}. */
  default void onStep(int requests, int tokens, long nanos) {}

  default void onPromptTokens(int computed, int cached, int transferred) {}

  /** The first {@code cached} of a new request's {@code tokens} were found in the prefix cache. */
  default void onPrefixLookup(int tokens, int cached) {}

  default void onGeneratedTokens(int count) {}

  default void onPreemption() {}

  /** A preempted request runs again. */
  default void onResumed(Resumption how) {}

  /** A step computed less of its prompts than it had rows for, to hold the token interval. */
  default void onStepCut() {}

  /** The policy put a request behind others since it had used up its time. */
  default void onDemotion() {}

  /** The policy put a request before others since it had gone without a step for too long. */
  default void onPromotion() {}

  default void onFinished(
      FinishReason reason, int promptTokens, int generatedTokens, GenerationStats stats) {}

  /** A draft of {@code drafted} tokens was verified; the first {@code accepted} of them held. */
  default void onDraft(int drafted, int accepted) {}

  default void onLeaseExpired() {}

  /**
   * What the prefix cache and the tiers below it have stored and removed since the last call, in
   * that order; at least one event. An immutable list.
   */
  default void onKvEvents(List<KvEvent> events) {}

  /** Who counts what the tiers below the KV pool do; asked once, before the engine runs. */
  default KvTierObserver kvTiers() {
    return KvTierObserver.NONE;
  }
}
