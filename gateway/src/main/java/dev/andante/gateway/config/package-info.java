/** Configuration, {@code andante.gateway.*}: immutable validated records. */
@NullMarked
package dev.andante.gateway.config;

import org.jspecify.annotations.NullMarked;
