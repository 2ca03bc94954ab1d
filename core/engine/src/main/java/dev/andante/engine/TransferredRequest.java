package dev.andante.engine;

/**
 * A request whose prompt's KV was committed under a handle.
 *
 * @param firstToken sampled by prefill; not reported again
 */
public record TransferredRequest(
    Attempt attempt,
    String kvHandle,
    int firstToken,
    SamplingParams sampling,
    StopParams stop,
    StopMatcher stopMatcher,
    boolean speculate) {}
