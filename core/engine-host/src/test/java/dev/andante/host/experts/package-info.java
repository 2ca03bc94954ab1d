/** Tests. */
@NullMarked
package dev.andante.host.experts;

import org.jspecify.annotations.NullMarked;
