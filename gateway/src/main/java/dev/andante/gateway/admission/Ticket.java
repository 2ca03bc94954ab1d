package dev.andante.gateway.admission;

import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** One request's place in the queue and then its share of the limit. Release it in every case. */
public final class Ticket {

  enum State {
    WAITING,
    ADMITTED,
    RELEASED
  }

  private final Admission admission;
  private final int weight;
  private final Sinks.Empty<Void> turn = Sinks.empty();
  private final long enqueuedNanos = System.nanoTime();
  private State state = State.WAITING; // guarded by the admission's lock
  private long admittedNanos;

  Ticket(Admission admission, int weight) {
    this.admission = admission;
    this.weight = weight;
  }

  /**
   * Completes when it is this request's turn, on the thread that made room: go on elsewhere, since
   * what that thread does next may be to make room for the next one.
   */
  public Mono<Void> admitted() {
    return turn.asMono();
  }

  /** Gives place or share back; idempotent. */
  public void release() {
    admission.release(this);
  }

  int weight() {
    return weight;
  }

  State state() {
    return state;
  }

  void state(State next) {
    if (next == State.ADMITTED) {
      admittedNanos = System.nanoTime();
    }
    state = next;
  }

  long admittedNanos() {
    return admittedNanos;
  }

  /** How long it waited, or has waited so far, in nanoseconds. */
  public long waitedNanos() {
    return (admittedNanos == 0 ? System.nanoTime() : admittedNanos) - enqueuedNanos;
  }

  void call() {
    turn.tryEmitEmpty();
  }
}
