/**
 * How much work is let in: a limit on answers generated at once, a bounded first-come queue before
 * it, and an honest estimate for those turned away.
 *
 * <pre>ticket: WAITING → ADMITTED → RELEASED;  WAITING → RELEASED when the caller gives up</pre>
 */
@NullMarked
package dev.andante.gateway.admission;

import org.jspecify.annotations.NullMarked;
