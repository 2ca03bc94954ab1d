package dev.andante.gateway.admission;

import dev.andante.gateway.error.ApiException;
import org.jspecify.annotations.Nullable;
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
  private final Applicant applicant;
  private final Tenant tenant;
  private final int weight;
  private final long number;
  private final long enqueuedNanos;
  private final Sinks.Empty<Void> turn = Sinks.empty();
  // Guarded by the admission's lock:
  private State state = State.WAITING;
  private long admittedNanos;
  private @Nullable ApiException refusal;

  /**
   * @param number in the order of arrival
   */
  Ticket(
      Admission admission,
      Applicant applicant,
      Tenant tenant,
      int weight,
      long number,
      long enqueuedNanos) {
    this.admission = admission;
    this.applicant = applicant;
    this.tenant = tenant;
    this.weight = weight;
    this.number = number;
    this.enqueuedNanos = enqueuedNanos;
  }

  /**
   * Completes when it is this request's turn, on the thread that made room: go on elsewhere, since
   * what that thread does next may be to make room for the next one. Fails with a 429 if others
   * take its place in the queue.
   */
  public Mono<Void> admitted() {
    return turn.asMono();
  }

  /** Gives place or share back; idempotent. */
  public void release() {
    admission.release(this);
  }

  /** Tokens of the prompt, once it is let in; they come out of its tenant's share. */
  public void promptTokens(int count) {
    tenant.charge((long) count * Tenant.PROMPT_TOKEN);
  }

  /** Tokens generated for it; they come out of its tenant's share. */
  public void generatedTokens(int count) {
    tenant.charge((long) count * Tenant.GENERATED_TOKEN);
  }

  public Applicant applicant() {
    return applicant;
  }

  Tenant tenant() {
    return tenant;
  }

  int weight() {
    return weight;
  }

  long number() {
    return number;
  }

  long enqueuedNanos() {
    return enqueuedNanos;
  }

  State state() {
    return state;
  }

  void admit(long nowNanos) {
    admittedNanos = nowNanos;
    state = State.ADMITTED;
  }

  void released() {
    state = State.RELEASED;
  }

  void refuse(ApiException reason) {
    refusal = reason;
    state = State.RELEASED;
  }

  long admittedNanos() {
    return admittedNanos;
  }

  /** How long it waited, in nanoseconds; once it was admitted. */
  public long waitedNanos() {
    return admittedNanos - enqueuedNanos;
  }

  /** Tells it what became of it, outside of the lock. */
  void call() {
    ApiException reason = refusal;
    if (reason == null) {
      turn.tryEmitEmpty();
    } else {
      turn.tryEmitError(reason);
    }
  }
}
