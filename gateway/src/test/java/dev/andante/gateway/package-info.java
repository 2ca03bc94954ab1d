/**
 * Tests of the whole gateway, over HTTP, against workers that really speak gRPC but fake their
 * engine.
 */
@NullMarked
package dev.andante.gateway;

import org.jspecify.annotations.NullMarked;
