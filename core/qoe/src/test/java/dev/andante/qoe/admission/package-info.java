/** Tests of early rejection. */
@NullMarked
package dev.andante.qoe.admission;

import org.jspecify.annotations.NullMarked;
