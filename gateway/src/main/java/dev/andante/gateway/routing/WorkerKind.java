package dev.andante.gateway.routing;

/** The roles the gateway calls. */
public enum WorkerKind {
  PREFILL,
  DECODE
}
