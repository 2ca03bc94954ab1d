/** Tests. */
@NullMarked
package dev.andante.service.http;

import org.jspecify.annotations.NullMarked;
