/**
 * The operational endpoints {@code /health}, {@code /ready} and {@code /metrics}; they never wait
 * for an engine.
 */
@NullMarked
package dev.andante.service.http;

import org.jspecify.annotations.NullMarked;
