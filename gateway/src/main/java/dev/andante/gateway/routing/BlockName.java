package dev.andante.gateway.routing;

/**
 * What names the content of a full block of KV: its tokens, all before them and the model, as the
 * first 128 bits of a SHA-256 ({@code BlockKey} on the wire).
 */
record BlockName(long high, long low) {}
