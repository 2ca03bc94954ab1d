/** Tests. */
@NullMarked
package dev.andante.standalone;

import org.jspecify.annotations.NullMarked;
