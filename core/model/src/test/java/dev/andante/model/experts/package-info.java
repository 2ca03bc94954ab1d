/** Tests of experts here and elsewhere. */
@NullMarked
package dev.andante.model.experts;

import org.jspecify.annotations.NullMarked;
