/**
 * Failures as the client sees them. Every failure of a request becomes one {@code ApiException}.
 */
@NullMarked
package dev.andante.gateway.error;

import org.jspecify.annotations.NullMarked;
