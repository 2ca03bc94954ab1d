/**
 * Parts of the engine by themselves, without a model: {@link
 * dev.andante.benchmarks.engine.EngineBenchmark} runs them one after the other.
 */
@NullMarked
package dev.andante.benchmarks.engine;

import org.jspecify.annotations.NullMarked;
