/** Tests. */
@NullMarked
package dev.andante.service.metrics;

import org.jspecify.annotations.NullMarked;
