/** What workers answer over HTTP beside the common endpoints of operation. Any thread. */
@NullMarked
package dev.andante.host.http;

import org.jspecify.annotations.NullMarked;
