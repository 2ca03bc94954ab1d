/** Tests. */
@NullMarked
package dev.andante.service.logging;

import org.jspecify.annotations.NullMarked;
