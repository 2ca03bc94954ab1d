package dev.andante.compute.onednn;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The workers of one backend, one for each thread that ever called it. */
final class Workers implements AutoCloseable {

  private final Queue<Worker> all = new ConcurrentLinkedQueue<>();
  private final ThreadLocal<Worker> mine;

  Workers(OneDnn library) {
    this.mine =
        ThreadLocal.withInitial(
            () -> {
              Worker worker = new Worker(library);
              all.add(worker);
              return worker;
            });
  }

  /** The calling thread's. */
  Worker mine() {
    return mine.get();
  }

  /** Frees the library's objects; nothing may be running. */
  @Override
  public void close() {
    for (Worker worker = all.poll(); worker != null; worker = all.poll()) {
      worker.close();
    }
  }
}
