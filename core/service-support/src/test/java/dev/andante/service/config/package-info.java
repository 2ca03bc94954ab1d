/** Tests. */
@NullMarked
package dev.andante.service.config;

import org.jspecify.annotations.NullMarked;
