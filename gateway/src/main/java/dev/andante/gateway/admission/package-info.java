/**
 * How much work is let in: a limit on answers generated at once, a bounded queue before it that
 * shares by class and tenant, and an honest estimate for those turned away.
 *
 * <pre>ticket: WAITING → ADMITTED → RELEASED;  WAITING → RELEASED when the caller gives up
 * or others take its place</pre>
 */
@NullMarked
package dev.andante.gateway.admission;

import org.jspecify.annotations.NullMarked;
