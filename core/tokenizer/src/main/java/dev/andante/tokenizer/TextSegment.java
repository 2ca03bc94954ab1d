package dev.andante.tokenizer;

/**
 * A stretch of text and where it comes from.
 *
 * @param trusted whether special-token text in it is meant: true for what a template wrote, false
 *     for what a user did
 */
public record TextSegment(String text, boolean trusted) {}
