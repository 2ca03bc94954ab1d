/** Tests. */
@NullMarked
package dev.andante.host;

import org.jspecify.annotations.NullMarked;
