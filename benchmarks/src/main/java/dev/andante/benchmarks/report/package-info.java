/** How results are written: JSON lines that name backend, JDK and flags. */
@NullMarked
package dev.andante.benchmarks.report;

import org.jspecify.annotations.NullMarked;
