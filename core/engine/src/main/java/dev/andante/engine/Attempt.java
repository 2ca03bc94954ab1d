package dev.andante.engine;

/**
 * One attempt to serve a request. A retry has a higher epoch; whatever carries an older one is
 * dropped.
 */
public record Attempt(String requestId, int epoch) {}
