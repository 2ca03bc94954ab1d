/**
 * Experts of a mixture-of-experts model that live in expert services, reached over gRPC. Callers:
 * the model, from the threads of its forward passes.
 */
@NullMarked
package dev.andante.host.experts;

import org.jspecify.annotations.NullMarked;
