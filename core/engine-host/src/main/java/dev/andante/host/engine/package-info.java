/**
 * The engine of one role: started when the model is loaded, closed before it. Callers: the role's
 * gRPC adapters, any thread.
 */
@NullMarked
package dev.andante.host.engine;

import org.jspecify.annotations.NullMarked;
