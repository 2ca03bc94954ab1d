package dev.andante.qoe.admission;

/**
 * What a request would see.
 *
 * @param ttftSeconds time to first token
 * @param tbtSeconds time between tokens when it begins to decode
 */
public record Forecast(double ttftSeconds, double tbtSeconds) {}
