/** Tests. */
@NullMarked
package dev.andante.host.metrics;

import org.jspecify.annotations.NullMarked;
