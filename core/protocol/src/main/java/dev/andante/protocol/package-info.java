/**
 * The gRPC contract of the mesh. Messages and stubs are generated into {@code
 * dev.andante.protocol.v1} from the {@code .proto} files beside this module's sources; nothing else
 * lives here.
 */
@NullMarked
package dev.andante.protocol;

import org.jspecify.annotations.NullMarked;
