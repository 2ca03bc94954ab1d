/** The report of a load: one HTML page that needs nothing else. */
@NullMarked
package dev.andante.benchmarks.load.html;

import org.jspecify.annotations.NullMarked;
