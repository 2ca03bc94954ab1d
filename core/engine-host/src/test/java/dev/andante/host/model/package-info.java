/** Tests. */
@NullMarked
package dev.andante.host.model;

import org.jspecify.annotations.NullMarked;
