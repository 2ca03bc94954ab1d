/**
 * What is asked for and when: arrival processes, traces, lengths. Everything is a function of a
 * seed, so that two runs send the same requests at the same times.
 */
@NullMarked
package dev.andante.benchmarks.load.workload;

import org.jspecify.annotations.NullMarked;
