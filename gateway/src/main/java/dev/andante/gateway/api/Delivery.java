package dev.andante.gateway.api;

/**
 * How the client wants its answer.
 *
 * @param includeUsage whether a stream ends with a usage chunk
 * @param logprobs whether tokens come with their log-probabilities
 * @param topLogprobs alternatives per token
 * @param tokenIds whether ids of prompt and answer are sent too
 * @param explain whether each answer ends with how it was served
 */
record Delivery(
    boolean stream,
    boolean includeUsage,
    boolean logprobs,
    int topLogprobs,
    boolean tokenIds,
    boolean explain) {}
