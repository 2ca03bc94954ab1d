package dev.andante.benchmarks.load.workload;

/**
 * A request that is to be sent at a time whatever became of those before it.
 *
 * @param index from 0
 * @param atNanos after the start
 */
public record Arrival(long index, long atNanos, Demand demand) {}
