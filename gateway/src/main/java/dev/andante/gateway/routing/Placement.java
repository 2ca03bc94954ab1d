package dev.andante.gateway.routing;

import java.util.Optional;

/**
 * Where one attempt runs.
 *
 * @param prefill empty = decode computes the prompt itself
 */
public record Placement(Worker decode, Optional<Worker> prefill) {}
