package dev.andante.decode;

import dev.andante.host.engine.EngineHost;
import dev.andante.host.engine.RunningEngine;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvTransferObserver;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The receiver of the engine that runs: the same one for its life, since it remembers transfers
 * under way. Any thread. Refuses as the host does.
 */
final class EngineReceiver implements Supplier<KvReceiver> {

  private final EngineHost host;
  private final KvTransferObserver observer;
  private @Nullable Held held; // guarded by this

  private record Held(RunningEngine engine, KvReceiver receiver) {}

  EngineReceiver(EngineHost host, KvTransferObserver observer) {
    this.host = host;
    this.observer = observer;
  }

  @Override
  public synchronized KvReceiver get() {
    RunningEngine running = host.require();
    Held current = held;
    if (current == null || !current.engine().equals(running)) {
      current = new Held(running, new KvReceiver(running.engine(), running.kvFormat(), observer));
      held = current;
    }
    return current.receiver();
  }
}
