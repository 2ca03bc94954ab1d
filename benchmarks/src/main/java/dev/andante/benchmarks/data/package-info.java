/** Data to measure with, where no file is. */
@NullMarked
package dev.andante.benchmarks.data;

import org.jspecify.annotations.NullMarked;
