/**
 * The model of this process: opened in the background, shared by the engines of all roles in the
 * JVM. Callers: engine hosts and the Worker service, any thread.
 */
@NullMarked
package dev.andante.host.model;

import org.jspecify.annotations.NullMarked;
