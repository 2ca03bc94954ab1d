/** Tests of QoE by both definitions, against the papers' words and numbers. */
@NullMarked
package dev.andante.qoe;

import org.jspecify.annotations.NullMarked;
