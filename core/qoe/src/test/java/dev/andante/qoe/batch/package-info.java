/** Tests of the batch selector: its guarantees, and what it does to a small server over time. */
@NullMarked
package dev.andante.qoe.batch;

import org.jspecify.annotations.NullMarked;
