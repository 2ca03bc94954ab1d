package dev.andante.benchmarks.load;

import dev.andante.benchmarks.load.client.Requests;
import dev.andante.benchmarks.load.measure.Outcome;
import dev.andante.benchmarks.load.measure.Reception;
import dev.andante.benchmarks.load.measure.Tally;
import dev.andante.benchmarks.load.workload.Arrival;
import dev.andante.benchmarks.load.workload.Demand;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Sends a load and waits for its end. For one run. */
final class LoadRun {

  private static final long LEAD_NANOS = 200_000_000;
  private static final long GRACE_SECONDS = 30;

  private final Requests requests;
  private final LoadOptions options;
  private final long startNanos = System.nanoTime() + LEAD_NANOS;
  private final AtomicLong taken = new AtomicLong();
  private final Semaphore free;
  private final Tally tally;

  LoadRun(Requests requests, LoadOptions options) {
    this.requests = requests;
    this.options = options;
    this.free = new Semaphore(options.maxOpen());
    this.tally = new Tally(startNanos, options.warmUpSeconds());
  }

  /** Requests that were begun so far. */
  long begun() {
    return taken.get();
  }

  /** Requests that are open now. */
  int open() {
    return options.maxOpen() - free.availablePermits();
  }

  /**
   * Returns when all requests have ended, each within its timeout.
   *
   * @throws IllegalStateException if one has not
   */
  Tally run(Plan plan) throws InterruptedException {
    if (options.traffic() instanceof Traffic.Closed closed) {
      closed(plan, closed);
    } else {
      for (Arrival arrival : plan.arrivals()) {
        send(arrival);
      }
    }
    long patience = options.timeout().toSeconds() + GRACE_SECONDS;
    if (!free.tryAcquire(options.maxOpen(), patience, TimeUnit.SECONDS)) {
      throw new IllegalStateException(open() + " requests did not end within " + patience + " s");
    }
    return tally;
  }

  private void send(Arrival arrival) {
    Reception reception =
        reception(arrival.index(), arrival.demand(), startNanos + arrival.atNanos());
    Supplier<CompletableFuture<Reception>> request = requests.prepare(reception);
    sleepUntil(reception.dueNanos());
    taken.incrementAndGet();
    if (!free.tryAcquire()) {
      reception.end(reception.dueNanos(), Outcome.UNSENT, 0, "too many were open");
      tally.add(reception);
      return;
    }
    CompletableFuture<Reception> _ =
        request
            .get()
            .whenComplete(
                (ended, failure) -> {
                  tally.add(reception);
                  free.release();
                });
  }

  private void closed(Plan plan, Traffic.Closed closed) throws InterruptedException {
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < closed.clients(); i++) {
      clients.add(Thread.startVirtualThread(() -> converse(plan, closed)));
    }
    for (Thread one : clients) {
      one.join();
    }
  }

  private void converse(Plan plan, Traffic.Closed closed) {
    sleepUntil(startNanos);
    double end = startNanos + options.seconds() * 1e9;
    while (System.nanoTime() < end) {
      long index = taken.getAndIncrement();
      if (index >= options.requests()) {
        return;
      }
      Demand demand = plan.demands().of(index);
      Reception reception = reception(index, demand, System.nanoTime());
      Supplier<CompletableFuture<Reception>> request = requests.prepare(reception);
      if (!free.tryAcquire()) {
        reception.end(reception.dueNanos(), Outcome.UNSENT, 0, "too many were open");
        tally.add(reception);
        return; // more clients than may be open: this one never had a place
      }
      try {
        tally.add(request.get().join());
      } finally {
        free.release();
      }
      sleepUntil(System.nanoTime() + (long) (closed.thinkSeconds() * 1e9));
    }
  }

  private Reception reception(long index, Demand demand, long dueNanos) {
    return new Reception(index, demand, options.expectation(demand.promptTokens()), dueNanos);
  }

  private static void sleepUntil(long nanos) {
    long left;
    while ((left = nanos - System.nanoTime()) > 0) {
      LockSupport.parkNanos(left);
    }
  }
}
