/** Tests. */
@NullMarked
package dev.andante.service.state;

import org.jspecify.annotations.NullMarked;
