package dev.andante.compute;

/**
 * Cosines and sines of {@link RopeParameters} in a backend's memory. Immutable, shared, freed with
 * its backend.
 */
public interface RopeTable {

  RopeParameters parameters();
}
