package dev.andante.gateway.pipeline;

/**
 * How good an answer was to read, 0 to 1, by both published definitions (Andes, arXiv 2404.16283).
 *
 * @param v2 what we judge by
 * @param v1 to compare with the first paper only
 */
public record Experience(double v2, double v1) {}
