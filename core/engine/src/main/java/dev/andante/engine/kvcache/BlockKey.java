package dev.andante.engine.kvcache;

/**
 * Names the content of a full block: its tokens, all tokens before them and the model, as the first
 * 128 bits of a SHA-256, so that equal names mean equal content even where somebody tries to make
 * them collide.
 */
public record BlockKey(long high, long low) {}
