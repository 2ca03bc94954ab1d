/** Reads command lines; what is wrong with one is said in an {@link IllegalArgumentException}. */
@NullMarked
package dev.andante.benchmarks.options;

import org.jspecify.annotations.NullMarked;
