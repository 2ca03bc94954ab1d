/** Tests. */
@NullMarked
package dev.andante.host.http;

import org.jspecify.annotations.NullMarked;
