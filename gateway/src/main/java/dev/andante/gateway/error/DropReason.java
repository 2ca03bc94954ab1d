package dev.andante.gateway.error;

/** Why a request was not served, value of {@code x-llm-d-request-dropped-reason}. */
public enum DropReason {
  SATURATED("rejected-saturated"),
  TTL_EXPIRED("rejected-ttl-expired"),
  NO_ENDPOINTS("rejected-no-endpoints"),
  /** Its first token would have come too late for its reader. */
  PREDICTED_LATE("rejected-predicted-late"),
  /** Its tokens would have followed one another more slowly than its reader reads. */
  PREDICTED_SLOW("rejected-predicted-slow"),
  /** Another request took its place in a full queue: of a tenant who had fewer there. */
  EVICTED_QUEUE_PRESSURE("evicted-queue-pressure"),
  /** Another request took its place in a full queue: one of a higher class. */
  EVICTED_PRIORITY("evicted-priority"),
  /** The client left before its turn came. */
  CONTEXT_CANCELLED("rejected-context-cancelled");

  private final String header;

  DropReason(String header) {
    this.header = header;
  }

  public String header() {
    return header;
  }
}
