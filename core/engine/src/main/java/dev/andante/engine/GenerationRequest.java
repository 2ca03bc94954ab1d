package dev.andante.engine;

/**
 * A request that this engine serves from prompt to answer.
 *
 * @param speculate whether drafts may be used
 */
public record GenerationRequest(
    Attempt attempt,
    PromptTokens prompt,
    SamplingParams sampling,
    StopParams stop,
    StopMatcher stopMatcher,
    boolean speculate) {}
