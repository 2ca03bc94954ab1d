package dev.andante.engine;

/**
 * A request whose prompt is computed here and whose answer is generated elsewhere. One token is
 * sampled.
 */
public record PrefillJob(
    Attempt attempt, PromptTokens prompt, SamplingParams sampling, StopParams stop) {}
