/**
 * Which workers there are, what they serve, and which of them takes a request. Discovery and
 * polling run on timers; everybody else reads immutable snapshots.
 */
@NullMarked
package dev.andante.gateway.routing;

import org.jspecify.annotations.NullMarked;
