/** Tests. */
@NullMarked
package dev.andante.host.config;

import org.jspecify.annotations.NullMarked;
