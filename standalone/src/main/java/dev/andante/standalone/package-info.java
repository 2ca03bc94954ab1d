/**
 * Every role in one JVM: the embedded default of {@code ./andante up}. The roles are the services
 * as they are, each in a Spring context of its own under one parent that holds what they can share
 * (compute threads, the loaded model, metrics); between them goes the same gRPC, over loopback.
 */
@NullMarked
package dev.andante.standalone;

import org.jspecify.annotations.NullMarked;
