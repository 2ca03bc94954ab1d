package dev.andante.simulator.serving;

import java.util.OptionalDouble;

/**
 * What became of a request.
 *
 * @param index in the trace
 * @param rejected not served, so that both QoEs are 0
 * @param tokens delivered
 * @param firstTokenSeconds from arrival to the first token, as the engine made it; no pacing
 * @param seconds from arrival to the end
 */
public record RequestOutcome(
    int index,
    boolean rejected,
    int tokens,
    double qoeV1,
    double qoeV2,
    OptionalDouble firstTokenSeconds,
    double seconds) {}
