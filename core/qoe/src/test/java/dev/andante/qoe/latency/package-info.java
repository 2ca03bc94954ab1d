/** Tests of the latency models. */
@NullMarked
package dev.andante.qoe.latency;

import org.jspecify.annotations.NullMarked;
