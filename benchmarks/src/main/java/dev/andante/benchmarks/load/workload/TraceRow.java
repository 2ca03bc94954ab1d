package dev.andante.benchmarks.load.workload;

/** One request of a trace. */
public record TraceRow(double arrivalSeconds, Demand demand) {}
