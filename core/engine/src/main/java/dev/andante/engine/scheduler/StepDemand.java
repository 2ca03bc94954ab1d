package dev.andante.engine.scheduler;

/**
 * What a step could do for those who are here, without drafts.
 *
 * @param rows of decodes and prompts, no more than a step takes
 * @param pairs of a row and a token it attends to
 */
public record StepDemand(long rows, long pairs) {}
