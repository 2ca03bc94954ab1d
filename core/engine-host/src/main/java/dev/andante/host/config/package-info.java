/** Configuration of a worker: immutable records, refused when a key is unknown. */
@NullMarked
package dev.andante.host.config;

import org.jspecify.annotations.NullMarked;
