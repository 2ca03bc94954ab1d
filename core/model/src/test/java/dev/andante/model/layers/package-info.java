/** Tests of single layers. */
@NullMarked
package dev.andante.model.layers;

import org.jspecify.annotations.NullMarked;
