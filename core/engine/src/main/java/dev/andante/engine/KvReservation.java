package dev.andante.engine;

/**
 * Blocks set aside for a prompt whose KV will arrive.
 *
 * @param handle names it from now on
 * @param leaseMillis it ends this long after the last sign of life
 * @param cachedTokens leading tokens whose KV is already here, in whole blocks; all of the prompt
 *     perhaps
 */
public record KvReservation(String handle, long leaseMillis, int cachedTokens) {}
