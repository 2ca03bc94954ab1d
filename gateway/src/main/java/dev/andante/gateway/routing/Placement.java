package dev.andante.gateway.routing;

import java.util.Optional;

/**
 * Where one attempt runs.
 *
 * @param prefill empty = decode computes the prompt itself
 * @param estimates what both paths were predicted to take; empty if there was no choice, or too
 *     little is known
 */
public record Placement(
    Worker decode, Optional<Worker> prefill, Optional<PathEstimates> estimates) {}
