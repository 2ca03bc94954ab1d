/** Tests of dummy models, and with them of properties of every forward pass. */
@NullMarked
package dev.andante.model.dummy;

import org.jspecify.annotations.NullMarked;
