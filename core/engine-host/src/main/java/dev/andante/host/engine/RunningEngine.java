package dev.andante.host.engine;

import dev.andante.compute.KvLayout;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.host.model.LoadedModel;
import dev.andante.kvtransfer.KvFormat;

/**
 * A started engine and what its adapters need to know of it.
 *
 * @param config limits in force
 */
public record RunningEngine(LoadedModel model, Engine engine, EngineConfig config) {

  public KvLayout kvLayout() {
    return engine.kvLayout();
  }

  /** What KV of this engine looks like on the wire. */
  public KvFormat kvFormat() {
    return KvFormat.of(engine.kvLayout(), model.model().fingerprint(), model.backend().numerics());
  }
}
