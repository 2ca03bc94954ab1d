/**
 * What the services that run an engine share: configuration, the model and engine life cycle, the
 * Worker service, translation between messages and engine types, metrics. The root package wires;
 * the packages below do not know it.
 *
 * <p>Several roles may run in one JVM, each in a child context: import {@link
 * dev.andante.host.ModelHostConfiguration} into the parent and the roles share its model, backend
 * and compute pool. Engines are always the role's own.
 */
@NullMarked
package dev.andante.host;

import org.jspecify.annotations.NullMarked;
