package dev.andante.engine;

/**
 * What of an answer under way could go on elsewhere.
 *
 * @param tokens of the prompt and the answer, from the first, whose KV is here: all that are known
 *     but the last, or but a few
 * @param source whose kernels computed the KV
 */
public record AnswerKv(PromptTokens tokens, KvSource source) {}
