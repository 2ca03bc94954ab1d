package dev.andante.engine;

/**
 * What serving a request took. Times in microseconds.
 *
 * @param cachedTokens prompt tokens whose KV was already there
 * @param draftedTokens proposed by the draft source
 * @param acceptedTokens of those, how many the model agreed with
 * @param preemptions how often the request lost its blocks
 * @param queueMicros from submission to its first scheduled step
 * @param prefillMicros from there to the first token; 0 when the KV came from elsewhere
 * @param decodeMicros from there to the last token
 */
public record GenerationStats(
    int cachedTokens,
    int draftedTokens,
    int acceptedTokens,
    int preemptions,
    long queueMicros,
    long prefillMicros,
    long decodeMicros) {}
