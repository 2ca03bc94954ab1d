package dev.andante.kvtransfer;

/**
 * A transfer that was committed and acknowledged.
 *
 * @param bytes of KV sent, as coded; the grant's cached tokens were not
 * @param transferMicros from the first frame sent to the last acknowledged
 * @param exposedMicros the part of it after the last run was handed over: what the request waited;
 *     the wait for room does not count
 */
public record KvReceipt(KvGrant grant, long bytes, long transferMicros, long exposedMicros) {}
