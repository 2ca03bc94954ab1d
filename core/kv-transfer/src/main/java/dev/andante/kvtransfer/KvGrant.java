package dev.andante.kvtransfer;

/**
 * The receiver's word that it has set blocks aside.
 *
 * @param handle names the reservation from now on
 * @param leaseMillis it ends this long after the last frame
 * @param cachedTokens leading tokens that need not be sent
 * @param coding how the receiver wants KV, of what was offered
 */
public record KvGrant(String handle, long leaseMillis, int cachedTokens, KvCoding coding) {}
